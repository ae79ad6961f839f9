"""The baseline: TF-IDF of words and of characters within words, with logistic regression.

It knows which words and endings are there, and nothing of their order beyond a word's neighbour.
"""

from typing import Any

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union

from pipeline.config.schema import BaselineConfig
from pipeline.text.reviews import Reviews


def fit_baseline(config: BaselineConfig, reviews: Reviews) -> Pipeline:
    """Fit on texts and labels; `baseline_positive` predicts with it."""
    characters = _tf_idf(config, analyzer="char_wb", ngram_range=(1, config.character_ngrams))
    features = make_union(_words(config, config.word_ngrams), characters)
    return _fit(features, config.inverse_regularization, reviews)


def fit_unigrams(config: BaselineConfig, reviews: Reviews) -> Pipeline:
    """Fit a weaker model, for comparison: on single words alone, so that their order can't matter to it at all."""
    return _fit(_words(config, 1), 1.0, reviews)


def baseline_positive(baseline: Pipeline, texts: list[str]) -> np.ndarray:
    """Return the probability of the positive class for each text [texts]."""
    return baseline.predict_proba(texts)[:, 1]


def _words(config: BaselineConfig, longest: int) -> Pipeline:
    # One letter is a word too: ㅋ.
    return _tf_idf(config, token_pattern=r"\w+", ngram_range=(1, longest))


def _tf_idf(config: BaselineConfig, **ngrams: Any) -> Pipeline:
    counts = HashingVectorizer(n_features=config.buckets, alternate_sign=False, norm=None, dtype=np.float32, **ngrams)
    return make_pipeline(counts, TfidfTransformer(sublinear_tf=True))


def _fit(features: Pipeline | FeatureUnion, inverse_regularization: float, reviews: Reviews) -> Pipeline:
    # By its dual: there are more buckets than reviews.
    regression = LogisticRegression(C=inverse_regularization, solver="liblinear", dual=True, random_state=0)
    return make_pipeline(features, regression).fit(reviews.texts, reviews.labels)
