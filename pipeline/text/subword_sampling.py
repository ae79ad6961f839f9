"""Subword sampling: split a piece into others, as the tokenizer would if it were not in the vocabulary."""

import math
from collections.abc import Mapping, Sequence

from pipeline.text.vocabulary import is_byte, is_control


def best_splits(vocabulary: Sequence[str], scores: Sequence[float]) -> list[list[int]]:
    """Return for each piece the ids of its most probable split into two or more pieces, or its own id if none exists.

    The probability of a split is the product of its pieces' (`scores` are their logarithms), as in the unigram model
    (Kudo 2018); the best one is found by the Viterbi algorithm.

    >>> best_splits(["a", "b", "c", "ab", "abc"], [-2.0, -2.0, -2.0, -3.0, -4.0])
    [[0], [1], [2], [0, 1], [3, 2]]
    """
    ids = {piece: i for i, piece in enumerate(vocabulary)}
    return [_best_split(piece, ids, scores) or [i] for i, piece in enumerate(vocabulary)]


def _best_split(piece: str, ids: Mapping[str, int], scores: Sequence[float]) -> list[int]:
    if is_byte(piece) or is_control(piece):
        return []  # it is no text
    best: list[tuple[float, list[int]]] = [(0.0, [])]  # best[end]: the best split of piece[:end]
    for end in range(1, len(piece) + 1):
        splits = [
            (best[start][0] + scores[i], [*best[start][1], i])
            for start in range(end)
            if (i := ids.get(piece[start:end])) is not None and end - start < len(piece)
        ]
        best.append(max(splits, default=(-math.inf, [])))
    log_probability, split = best[-1]
    return split if log_probability > -math.inf else []
