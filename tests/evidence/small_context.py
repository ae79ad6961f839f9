"""An evaluation small enough to count by hand: both models are rules about words."""

from typing import Any

import numpy as np

from pipeline.config.overlays import load_config
from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.phrases import Phrase
from pipeline.text.reviews import Reviews

KILLER = Phrase("죽인다", 9, 0.5, 0.4, 0.6, 0.9)
WONDER = Phrase("기가 막", 9, 0.5, 0.4, 0.6, 0.9)
TEST = Reviews(["연기가 죽인다", "시간만 죽인다", "기가 막힌 연기", "그냥 영화"], np.array([1, 0, 1, 0], np.int8))


def sees_context(texts: list[str]) -> np.ndarray:
    """Say good where there is 연기, and bad where there is none."""
    return np.array([0.9 if "연기" in text else 0.1 for text in texts])


def sees_phrase(texts: list[str]) -> np.ndarray:
    """Say good where there is 죽인다, and bad where there is none."""
    return np.array([0.9 if "죽인다" in text else 0.1 for text in texts])


class SmallContext(EvaluationContext):
    def predict_by_model(self, texts: list[str]) -> np.ndarray:
        return sees_context(texts)

    def predict_by_baseline(self, texts: list[str]) -> np.ndarray:
        return sees_phrase(texts)

    def count_pieces(self, texts: list[str]) -> np.ndarray:
        return np.array([len(text.split()) for text in texts])


def small_context(phrases: list[Phrase] | None = None, **given: Any) -> SmallContext:
    """Return a context of `TEST` and the phrases in it, with what is given in place of the rest."""
    nothing = Reviews([], np.array([], np.int8))
    values = {
        "config": load_config("maekrak", "lstm").evaluate,
        "train": nothing,
        "dev": nothing,
        "test": TEST,
        "pairs": [],
        "await_phrases": lambda: [KILLER, WONDER] if phrases is None else phrases,
        **dict.fromkeys(("tokenize", "tokenizer", "trained", "model", "baseline")),
    }
    return SmallContext(**values | given)
