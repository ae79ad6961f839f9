"""The slice: reviews of test that hold an ambiguous phrase, whole and with all but the phrase taken away."""

import numpy as np

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement, is_correct, select, subtract
from pipeline.evidence.phrases import surface_form


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure accuracy on the slice, given the phrase alone, and their difference: context gain. No phrase, none."""
    rows = np.flatnonzero([bool(phrases) for phrases in context.phrases_per_text])
    if not len(rows):
        return []
    alone = [surface_form(context.test.texts[row], context.phrases_per_text[row][0].text) for row in rows]
    whole = select(context.correct, rows)
    left = is_correct(context.predict(alone), context.test.labels[rows])
    return [
        Measurement("slice_accuracy", whole),
        Measurement("slice_alone_accuracy", left),
        Measurement("slice_context_gain", subtract(whole, left)),
    ]
