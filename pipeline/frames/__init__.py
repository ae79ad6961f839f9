"""Frames that put a distance between an ambiguous phrase and the context that decides it, for a language or a data set.

A frame is a phrase with two contexts, one that makes praise of it and one that makes blame of it. Between context and
phrase stands as much of a neutral passage as a distance asks for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from pipeline.errors import UserError


class Frame(NamedTuple):
    phrase: str
    pos: str
    neg: str


class Frames(NamedTuple):
    neutral: list[str]
    frames: list[Frame]


def read_frames(language: str) -> Frames:
    """The passages and frames of `pipeline/frames/<language>.yaml`."""
    content = yaml.safe_load((Path(__file__).parent / f"{language}.yaml").read_text("utf-8"))
    return Frames(content["neutral"], [Frame(**frame) for frame in content["frames"]])


def set_apart(
    frames: Frames, distance: int, count_pieces: Callable[[list[str]], np.ndarray]
) -> tuple[list[str], list[str]]:
    """The good and the bad text of each frame, once with each passage, `distance` pieces or a few fewer between.

    Args:
        count_pieces: words -> how many pieces each is [words].

    Raises:
        UserError: if a passage is shorter than that.

    >>> one = Frames(["It was a Monday."], [Frame("It killed me!", "So funny.", "So dull.")])
    >>> set_apart(one, 2, lambda words: np.ones(len(words)))
    (['So funny. a Monday. It killed me!'], ['So dull. a Monday. It killed me!'])
    """
    longest = min(int(count_pieces(passage.split()).sum()) for passage in frames.neutral)
    if distance > longest:
        raise UserError(
            f"evaluate.distances: {distance}: the neutral passages of evaluate.frames have {longest} pieces"
        )
    between = [last_words(passage, distance, count_pieces) for passage in frames.neutral]
    good, bad = (
        [" ".join([context, *words, frame.phrase]) for frame, context in contexts for words in between]
        for contexts in ([(f, f.pos) for f in frames.frames], [(f, f.neg) for f in frames.frames])
    )
    return good, bad


def last_words(passage: str, pieces: int, count_pieces: Callable[[list[str]], np.ndarray]) -> list[str]:
    """The last words of a passage, whole ones, that are at most so many pieces."""
    words = passage.split()
    up_to = np.cumsum(count_pieces(words)[::-1])
    return words[len(words) - int(np.searchsorted(up_to, pieces, side="right")) :]
