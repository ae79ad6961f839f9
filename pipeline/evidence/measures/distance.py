"""How far context carries: templates with neutral text between an ambiguous phrase and what decides it."""

from collections.abc import Callable

import numpy as np

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement, PredictFn, compare_pairs
from pipeline.evidence.templates import Templates, read_templates, render_at_distance


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure consistency and ranking of templates at each distance."""
    templates = read_templates(context.config.templates)
    return [
        measurement
        for distance in context.config.distances
        for measurement in measure_distance(templates, distance, context.count_pieces, context.predict)
    ]


def measure_distance(
    templates: Templates, distance: int, count_pieces: Callable[[list[str]], np.ndarray], predict: PredictFn
) -> list[Measurement]:
    """Measure consistency and ranking at a distance in pieces: of each template the share of passages."""
    good, bad = map(predict, render_at_distance(templates, distance, count_pieces))
    shape = (len(templates.templates), len(templates.neutral))
    return [
        Measurement(name, {who: correct.reshape(shape).mean(axis=1) for who, correct in values.items()})
        for name, values in compare_pairs(f"distance_{distance}", good, bad)
    ]
