"""Minimal pairs, written by hand: two texts that share an ambiguous phrase and differ in label."""

import numpy as np

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement, PerModel, compare_pairs, select
from pipeline.evidence.pairs import Pair


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure consistency and ranking of all pairs, and of those of each category."""
    return [
        *compare_pairs("pair", *context.on_pairs),
        *measure_categories(context.pairs, *context.on_pairs),
    ]


def measure_categories(pairs: list[Pair], good: PerModel, bad: PerModel) -> list[Measurement]:
    """Measure consistency and ranking of the pairs of each category."""
    category_of = np.array([pair.category for pair in pairs])
    return [
        measurement
        for category in sorted(set(category_of))
        for measurement in compare_pairs(
            f"pair_{category}", select(good, category_of == category), select(bad, category_of == category)
        )
    ]
