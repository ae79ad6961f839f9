"""Accuracy on test."""

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement


def measure(context: EvaluationContext) -> list[Measurement]:
    return [Measurement("test_accuracy", context.correct)]
