"""Reviews of train and dev that people rewrote to mean the opposite.

A model that has only learnt what the original was takes the rewritten review for the same.
"""

import numpy as np

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.counterfactual import read_counterfactual
from pipeline.evidence.measurement import Measurement, is_correct
from pipeline.evidence.pairs import Pair, canonical_key
from pipeline.text.reviews import Reviews


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure accuracy on rewritten reviews; nothing where none are given."""
    if not context.config.counterfactual:
        return []
    known = context.train.texts + context.dev.texts
    texts, labels = counterfactuals(read_counterfactual(context.config.counterfactual), known)
    return [Measurement("counterfactual_accuracy", is_correct(context.predict(texts), labels))] if texts else []


def counterfactuals(pairs: list[Pair], reviews: list[str]) -> Reviews:
    """Return the members of pairs whose other member, of the other label, is one of these reviews."""
    known = set(map(canonical_key, reviews))
    found = [
        (text, label)
        for pair in pairs
        for text, original, label in ((pair.pos, pair.neg, 1), (pair.neg, pair.pos, 0))
        if canonical_key(original) in known and canonical_key(text) not in known
    ]
    return Reviews([text for text, _ in found], np.array([label for _, label in found], np.int8))
