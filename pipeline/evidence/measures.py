"""The evidence that context decides: the network and the baseline where a phrase alone says nothing.

Every measure is a mean over reviews, pairs or frames. So each is kept as its single values, right or wrong, from which
a table has mean and interval, and the gain over the baseline, item by item, an interval of its own.
"""

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

import numpy as np

from pipeline.evidence.metrics import both_right, difference_interval, interval, pairwise_ranking_accuracy
from pipeline.evidence.pairs import Pair
from pipeline.evidence.phrases import Phrase
from pipeline.evidence.probes import surface_form
from pipeline.evidence.templates import Templates, render_at_distance
from pipeline.text.reviews import Reviews

PerModel = dict[str, np.ndarray]  # "model", "baseline" -> a value for each text, pair or frame that it read
PredictFn = Callable[[list[str]], PerModel]


class Measurement(NamedTuple):
    """A measure: what it is called, and its value for each item, by who was measured: "model", "baseline" or both.

    A `difference` is of two shares, item by item.
    """

    name: str
    values: PerModel
    difference: bool = False


HEADER = [
    "measure",
    "count",
    *(f"{who}{end}" for who in ("model", "baseline", "gain") for end in ("", "_low", "_high")),
]


def table_row(measured: Measurement) -> list[object]:
    """Name, number of items, then mean and 95 % interval of the network, the baseline and the gain over it."""
    values = {who: of.astype(np.float64) for who, of in measured.values.items()}
    if len(values) == 2:
        values["gain"] = values["model"] - values["baseline"]
    of_one = difference_interval if measured.difference else interval
    ways = {"model": of_one, "baseline": of_one, "gain": difference_interval}
    shown = [
        (float(values[who].mean()), *way(values[who])) if who in values else (None, None, None)
        for who, way in ways.items()
    ]
    return [measured.name, len(next(iter(values.values()))), *chain(*shown)]


def is_correct(readings: PerModel, labels: np.ndarray) -> PerModel:
    """Whether each text is read as its label says."""
    return {who: (positive >= 0.5) == labels for who, positive in readings.items()}


def measure_pairs(name: str, good: PerModel, bad: PerModel) -> list[Measurement]:
    """`<name>_consistency`: both members right; `<name>_ranked`: the good one above the bad one."""
    return [
        Measurement(f"{name}_consistency", {who: both_right(good[who], bad[who]) for who in good}),
        Measurement(f"{name}_ranked", {who: pairwise_ranking_accuracy(good[who], bad[who]) for who in good}),
    ]


def measure_categories(pairs: list[Pair], good: PerModel, bad: PerModel) -> list[Measurement]:
    """Consistency and ranking of the pairs of each category."""
    of = np.array([pair.category for pair in pairs])
    return [
        measured
        for category in sorted(set(of))
        for measured in measure_pairs(
            f"pair_{category}", *({who: p[of == category] for who, p in side.items()} for side in (good, bad))
        )
    ]


def measure_slice(test: Reviews, right: PerModel, held: list[list[Phrase]], read: PredictFn) -> list[Measurement]:
    """Test reviews that hold an ambiguous phrase, whole and with all but the phrase taken away; none, no measure.

    Context gain is how much of the first the second lacks.
    """
    rows = np.flatnonzero([bool(phrases) for phrases in held])
    if not len(rows):
        return []
    alone = [surface_form(test.texts[row], held[row][0].text) for row in rows]
    whole = {who: values[rows] for who, values in right.items()}
    left = is_correct(read(alone), test.labels[rows])
    return [
        Measurement("slice_accuracy", whole),
        Measurement("slice_alone_accuracy", left),
        Measurement("slice_context_gain", _less(whole, left), difference=True),
    ]


def measure_order(right: PerModel, shuffled_right: PerModel) -> list[Measurement]:
    """Accuracy on shuffled words, and how much of the accuracy is lost by it."""
    return [
        Measurement("shuffled_accuracy", shuffled_right),
        Measurement("shuffled_drop", _less(right, shuffled_right), difference=True),
    ]


def _less(right: PerModel, other: PerModel) -> PerModel:
    return {who: right[who].astype(np.int8) - other[who].astype(np.int8) for who in right}


def measure_distance(
    templates: Templates, distance: int, count_pieces: Callable[[list[str]], np.ndarray], read: PredictFn
) -> list[Measurement]:
    """Measure consistency and ranking of templates at a distance in pieces: of each template the share of passages."""
    measured = measure_pairs(f"distance_{distance}", *map(read, render_at_distance(templates, distance, count_pieces)))
    shape = (len(templates.templates), len(templates.neutral))
    return [
        Measurement(name, {who: right.reshape(shape).mean(axis=1) for who, right in values.items()})
        for name, values, _ in measured
    ]
