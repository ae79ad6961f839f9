"""The flip: one phrase alone, in praise and in blame, as both models read it.

It is read from `pairs.tsv` alone. A single pair is an example, not a proof: how many pairs are read right stands beside
it wherever it is shown.
"""

import math
from typing import NamedTuple

from pipeline.evidence.registry import MODELS, metric_name

Row = dict[str, str]  # of pairs.tsv, by its columns
LEAST = 0.00005  # probability that four decimals of a table still tell from 0: half of their last digit


class Flip(NamedTuple):
    """A phrase and the two texts around it, with the probability of positive that each model gives the three."""

    phrase: str
    pos: str
    neg: str
    alone: dict[str, float]
    praise: dict[str, float]
    blame: dict[str, float]
    candidates: int


def choose_flip(pairs: list[Row], texts: list[str]) -> Flip | None:
    """Return the clearest of the pairs that the model gets right and the baseline does not; None if there is none.

    A pair whose phrase stands in one of `texts` comes before others, then one of a phrase of two meanings. The
    clearest is the one whose members lie farthest from 0.5 on their sides, and whose phrase alone lies nearest to it.
    """
    candidates = [flip for row in pairs if _is_right(flip := _flip(row), "model") and not _is_right(flip, "baseline")]
    if not candidates:
        return None
    lexical = {row["phrase"] for row in pairs if row["category"] == "lexical"}

    def rank(flip: Flip) -> tuple[bool, bool, float]:
        margin = min(flip.praise["model"] - 0.5, 0.5 - flip.blame["model"])
        is_of_texts = any(flip.phrase in text for text in texts)
        return is_of_texts, flip.phrase in lexical, margin - abs(flip.alone["model"] - 0.5)

    return max(candidates, key=rank)._replace(candidates=len(candidates))


def added_by_context(alone: float, whole: float) -> float:
    """Return how many logits the context adds to those of the phrase alone.

    >>> round(added_by_context(0.5, 0.9), 2), round(added_by_context(0.9, 0.9), 2), added_by_context(0.5, 0.0) < -9
    (2.2, 0.0, True)
    """
    return _logit(whole) - _logit(alone)


def _flip(row: Row) -> Flip:
    alone, praise, blame = (
        {who: float(row[metric_name(f"{of}_positive", who)]) for who in MODELS} for of in ("alone", "pos", "neg")
    )
    return Flip(row["phrase"], row["pos"], row["neg"], alone, praise, blame, 0)


def _is_right(flip: Flip, who: str) -> bool:
    return flip.praise[who] >= 0.5 > flip.blame[who]


def _logit(probability: float) -> float:
    inside = min(max(probability, LEAST), 1 - LEAST)
    return math.log(inside / (1 - inside))
