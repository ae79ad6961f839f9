"""The baseline: TF-IDF of words and of characters within words, with logistic regression.

It knows which words and endings are there, and nothing of their order beyond a word's neighbour.
"""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from pipeline.config import BaselineConfig
from pipeline.reviews import Reviews


def fit_baseline(config: BaselineConfig, reviews: Reviews) -> Pipeline:
    """Fit on texts and labels; `baseline_positive` reads with it."""
    features = make_union(
        _words(config.word_ngrams, config.min_count),
        TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(1, config.character_ngrams),
            min_df=config.min_count,
            sublinear_tf=True,
            dtype=np.float32,
        ),
    )
    regression = LogisticRegression(C=config.inverse_regularization, solver="liblinear")
    return make_pipeline(features, regression).fit(reviews.texts, reviews.labels)


def fit_unigrams(reviews: Reviews) -> Pipeline:
    """A weaker reader, for comparison: single words alone, so that their order can't matter to it at all."""
    return make_pipeline(_words(1, 1), LogisticRegression(solver="liblinear")).fit(reviews.texts, reviews.labels)


def _words(longest: int, min_count: int) -> TfidfVectorizer:
    return TfidfVectorizer(
        token_pattern=r"\w+",  # one letter is a word too: ㅋ
        ngram_range=(1, longest),
        min_df=min_count,
        sublinear_tf=True,
        dtype=np.float32,
    )


def baseline_positive(baseline: Pipeline, texts: list[str]) -> np.ndarray:
    """The probability of the positive class for each text [texts]."""
    return baseline.predict_proba(texts)[:, 1]
