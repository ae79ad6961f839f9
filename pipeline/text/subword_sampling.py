"""How a piece would be written if it were not in the vocabulary: for piece dropout."""

import math
from collections.abc import Mapping, Sequence


def best_splits(vocabulary: Sequence[str], scores: Sequence[float]) -> list[list[int]]:
    """For each piece the ids of its most probable spelling in two or more other pieces, else its own id alone.

    The probability of a spelling is the product of its pieces' (`scores` are their logarithms), as in the unigram
    model (Kudo 2018); the best one is found by the Viterbi algorithm.

    >>> best_splits(["a", "b", "c", "ab", "abc"], [-2.0, -2.0, -2.0, -3.0, -4.0])
    [[0], [1], [2], [0, 1], [3, 2]]
    """
    ids = {piece: i for i, piece in enumerate(vocabulary)}
    return [_best_split(piece, ids, scores) or [i] for i, piece in enumerate(vocabulary)]


def _best_split(piece: str, ids: Mapping[str, int], scores: Sequence[float]) -> list[int]:
    if piece.startswith("<") and piece.endswith(">"):
        return []  # a byte or a control symbol, not text
    best: list[tuple[float, list[int]]] = [(0.0, [])]  # best[end]: the best spelling of piece[:end]
    for end in range(1, len(piece) + 1):
        spellings = [
            (best[start][0] + scores[i], [*best[start][1], i])
            for start in range(end)
            if (i := ids.get(piece[start:end])) is not None and end - start < len(piece)
        ]
        best.append(max(spellings, default=(-math.inf, [])))
    probability, spelling = best[-1]
    return spelling if probability > -math.inf else []
