"""SentencePiece's conventions: reserved ids, marks within pieces, normalisation, and the vocabulary's file.

Free of TensorFlow: the tokenizer is trained without it.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PADDING, UNKNOWN = 0, 1  # ids
WORD_START = "▁"  # U+2581: stands in a piece for the space before a word, and before the first word of a text
NORMALIZATION = "nmt_nfkc"  # NFKC, and control characters and runs of spaces cleaned up


class Vocabulary(NamedTuple):
    """All pieces in the order of their ids, and their scores: the logarithms of their unigram probabilities."""

    pieces: list[str]
    scores: list[float]


def is_byte(piece: str) -> bool:
    """Return whether a piece is a single byte: it stands for a part of a character that has no piece.

    >>> is_byte("<0xEC>"), is_byte("<0x"), is_byte("죽")
    (True, False, False)
    """
    return re.fullmatch("<0x[0-9A-F]{2}>", piece) is not None


def is_control(piece: str) -> bool:
    """Return whether a piece is a reserved symbol, padding or the unknown piece, and spells no text.

    >>> is_control("<pad>"), is_control("<"), is_control("죽")
    (True, False, False)
    """
    return piece in ("<pad>", "<unk>")


def write_vocabulary(path: Path, pieces: Iterable[tuple[str, float]]) -> None:
    """Write pieces and scores, in the order of their ids, as rows of id, piece and score, separated by tabs."""
    rows = (f"{i}\t{piece}\t{score:.6g}\n" for i, (piece, score) in enumerate(pieces))
    path.write_text("".join(rows), "utf-8")


def read_vocabulary(path: Path) -> Vocabulary:
    """Read what `write_vocabulary` has written."""
    rows = [row.split("\t") for row in path.read_text("utf-8").split("\n")[:-1]]
    return Vocabulary([row[1] for row in rows], [float(row[2]) for row in rows])
