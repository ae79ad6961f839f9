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

BUCKETS = 1 << 22  # that the words, and the characters, are hashed to: a vocabulary of them takes five times as long


def fit_baseline(config: BaselineConfig, reviews: Reviews) -> Pipeline:
    """Fit on texts and labels; `baseline_positive` reads with it."""
    characters = _tf_idf(analyzer="char_wb", ngram_range=(1, config.character_ngrams))
    features = make_union(_words(config.word_ngrams), characters)
    return _fit(features, config.inverse_regularization, reviews)


def fit_unigrams(reviews: Reviews) -> Pipeline:
    """A weaker reader, for comparison: single words alone, so that their order can't matter to it at all."""
    return _fit(_words(1), 1.0, reviews)


def baseline_positive(baseline: Pipeline, texts: list[str]) -> np.ndarray:
    """The probability of the positive class for each text [texts]."""
    return baseline.predict_proba(texts)[:, 1]


def _words(longest: int) -> Pipeline:
    return _tf_idf(token_pattern=r"\w+", ngram_range=(1, longest))  # one letter is a word too: ㅋ


def _tf_idf(**ngrams: Any) -> Pipeline:
    counts = HashingVectorizer(n_features=BUCKETS, alternate_sign=False, norm=None, dtype=np.float32, **ngrams)
    return make_pipeline(counts, TfidfTransformer(sublinear_tf=True))


def _fit(features: Pipeline | FeatureUnion, inverse_regularization: float, reviews: Reviews) -> Pipeline:
    # By its dual: there are more buckets than reviews.
    regression = LogisticRegression(C=inverse_regularization, solver="liblinear", dual=True, random_state=0)
    return make_pipeline(features, regression).fit(reviews.texts, reviews.labels)
