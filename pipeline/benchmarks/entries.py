"""What the bench of layers measures: contenders, shapes, and one entry a measurement."""

from typing import Literal, NamedTuple

from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE

Direction = Literal["train", "forward"]
Shape = tuple[int, int]  # batch, time
INPUTS, UNITS = 256, 128
SIBLINGS = {"lstm": "layer_norm_lstm", "gru": "min_gru"}  # timed in the same turns, to be compared with it
DROPOUT = 0.2
CONTENDERS = {"ours": POSITIVE, "plain": "#92c5de", "keras": NEUTRAL, "torch": NEGATIVE}  # with their colours


class Entry(NamedTuple):
    """One number: a cell, by whom it is computed ("ours" is compiled by XLA, "plain" is not), and how fast."""

    direction: Direction
    cell: str
    by: str
    batch: int
    time: int
    ms: float
    gflops: float
    share: float


class Point(NamedTuple):
    """What a train step of `lstm` costs as its batch or time grows; no `memory_mb` where the system doesn't tell."""

    grows: str
    batch: int
    time: int
    ms: float
    gflops: float
    share: float
    memory_mb: float | None


def with_dropout(cell: str) -> str:
    return f"{cell}, dropout {DROPOUT}"
