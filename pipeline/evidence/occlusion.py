"""Occlusion of phrases: what a phrase does to the network's logit, review by review."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.evidence.phrases import Phrase, phrases_per_text, texts_by_phrase, without
from pipeline.text.reviews import Reviews


class OcclusionEffect(NamedTuple):
    """What a phrase does to reviews of train that hold it, in logits: whole less without it.

    Attributes:
        spread: standard deviation; good, bad: the good review that it lifts most, the bad one that it lowers most.
    """

    spread: float
    good: str
    bad: str


def occlude(
    phrases: list[Phrase], train: Reviews, predict: Callable[[list[str]], np.ndarray], reviews: int
) -> dict[str, OcclusionEffect]:
    """Return the effect of each phrase on the network.

    Args:
        predict: texts -> the network's probability of positive of each [texts].
        reviews: in how many reviews, at most, a phrase is taken out.
    """
    if not phrases:
        return {}
    holding = texts_by_phrase(phrases_per_text(train.texts, phrases))
    sample = {phrase: rows[:reviews] for phrase, rows in holding.items()}
    whole = [train.texts[row] for rows in sample.values() for row in rows]
    less = [without(train.texts[row], phrase) for phrase, rows in sample.items() for row in rows]
    positive = np.clip(np.float64(predict([*whole, *less])), 1e-7, 1 - 1e-7)
    logits = np.log(positive / (1 - positive))
    effects = iter(np.split(logits[: len(whole)] - logits[len(whole) :], np.cumsum([len(r) for r in sample.values()])))
    return {phrase: _effect(train, np.array(rows), next(effects)) for phrase, rows in sample.items()}


def _effect(train: Reviews, rows: np.ndarray, effect: np.ndarray) -> OcclusionEffect:
    good, bad = (
        train.texts[rows[of][np.argmax(sign * effect[of])]] if of.any() else ""
        for sign, of in ((1, train.labels[rows] == 1), (-1, train.labels[rows] == 0))
    )
    return OcclusionEffect(float(effect.std()), good, bad)
