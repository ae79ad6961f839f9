"""A measurement: a value for each item and each model, from which its mean, interval and gain follow."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.evidence.metrics import both_right, pairwise_ranking_accuracy

PerModel = dict[str, np.ndarray]  # one of MODELS -> a value for each text, pair or template
PredictFn = Callable[[list[str]], PerModel]  # texts -> the probability of positive of each


class Measurement(NamedTuple):
    """What was measured, `<set>_<metric>`, with a value for each item, of each model or of one of them.

    The single values are kept, not their mean: table, interval and gain over the baseline, item by item, are computed
    from them. Whether they are shares or differences of shares says the registry.
    """

    name: str
    values: PerModel


def is_correct(predictions: PerModel, labels: np.ndarray) -> PerModel:
    """Return for each text whether its label is predicted."""
    return {who: (positive >= 0.5) == labels for who, positive in predictions.items()}


def subtract(correct: PerModel, other: PerModel) -> PerModel:
    """Return the difference of two such answers, item by item: 1, 0 or -1."""
    return {who: correct[who].astype(np.int8) - other[who].astype(np.int8) for who in correct}


def select(values: PerModel, items: np.ndarray) -> PerModel:
    """Return the values of some of the items, by a mask or by their numbers."""
    return {who: of[items] for who, of in values.items()}


def compare_pairs(name: str, good: PerModel, bad: PerModel) -> list[Measurement]:
    """Return `<name>_consistency`, both members right, and `<name>_ranked`, the good one above the bad one.

    Args:
        good, bad: the probability of positive of the good and of the bad member of each pair.
    """
    return [
        Measurement(f"{name}_consistency", {who: both_right(good[who], bad[who]) for who in good}),
        Measurement(f"{name}_ranked", {who: pairwise_ranking_accuracy(good[who], bad[who]) for who in good}),
    ]
