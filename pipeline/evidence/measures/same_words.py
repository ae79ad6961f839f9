"""Pairs of reviews of test in the same words: only their order tells the good one from the bad one."""

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement, compare_pairs
from pipeline.evidence.pairs import Pair
from pipeline.text.reviews import Reviews


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure consistency and ranking of these pairs; nothing where test holds none."""
    pairs = same_words_pairs(context.test)
    return compare_pairs("reordered", *context.predict_pairs(pairs)) if pairs else []


def same_words_pairs(test: Reviews) -> list[Pair]:
    """Return pairs of reviews of the same words in another order, one good, one bad: alike to any bag of words."""
    groups: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
    for text, label in zip(test.texts, test.labels, strict=True):
        groups.setdefault(tuple(sorted(text.split())), ([], []))[label].append(text)
    found = [members for bad, good in groups.values() for members in zip(good, bad, strict=False)]
    return [Pair("reordered", "", pos, neg) for pos, neg in found if pos.split() != neg.split()]
