"""Accuracy on test."""

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure whether each review of test is predicted correctly."""
    return [Measurement("test_accuracy", context.correct)]
