"""The behavioural suite: how many of its cases fail, by test and by kind of test."""

import numpy as np

from pipeline.evidence.behaviour import KINDS, failed
from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement, select


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure how often the cases of each kind fail, and those of each test: the less the better."""
    cases, (after, before) = context.cases, context.on_cases
    failures = {who: failed(cases, after[who], before[who]) for who in after}
    kind_of, test_of = (np.array(column) for column in ([case.kind for case in cases], [case.test for case in cases]))
    groups = [(kind, kind_of == kind) for kind in KINDS]
    groups += [(test, test_of == test) for test in dict.fromkeys(test_of.tolist())]
    return [Measurement(f"behaviour_{name}_failure", select(failures, items)) for name, items in groups]
