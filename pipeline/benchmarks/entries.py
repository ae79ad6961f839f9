"""The measurements of the benchmark of layers: their conditions, and one record for each."""

from typing import Literal, NamedTuple

from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE

Direction = Literal["train", "forward"]
Shape = tuple[int, int]  # batch, time

INPUTS, UNITS = 256, 128  # features of a step's input, and units of the layer
DROPOUT = 0.2  # recurrent dropout, where it is timed
SIBLINGS = {"lstm": "layer_norm_lstm", "gru": "min_gru"}  # family -> the cell that is compared with it
CONTENDERS = {"ours": POSITIVE, "plain": "#92c5de", "keras": NEUTRAL, "torch": NEGATIVE}  # name -> colour in the figure


class Entry(NamedTuple):
    """The time of a cell in one direction at one shape.

    Attributes:
        by: the contender that computes it: "ours" (compiled by XLA), "plain" (ours, not compiled), "keras" or "torch".
        gflops: per second.
        fraction_of_peak: gflops over those of a plain matrix product on this machine.
    """

    direction: Direction
    cell: str
    by: str
    batch: int
    time: int
    ms: float
    gflops: float
    fraction_of_peak: float


class Point(NamedTuple):
    """The cost of a train step of `lstm`, ours, as batch or time grows.

    Attributes:
        grows: "time" or "batch".
        gflops, fraction_of_peak: as in `Entry`.
        memory_mb: growth of the process's peak memory; None where the system does not report it.
    """

    grows: str
    batch: int
    time: int
    ms: float
    gflops: float
    fraction_of_peak: float
    memory_mb: float | None


def with_dropout(cell: str) -> str:
    """Return the name under which a cell with recurrent dropout is timed."""
    return f"{cell}, dropout {DROPOUT}"
