"""The speed targets of the bench, and whether a run meets them."""

import itertools
import statistics
from typing import Literal, NamedTuple

from pipeline.benchmarks.entries import Direction, Entry, Point, with_dropout
from pipeline.benchmarks.timing import TargetResult


class SpeedTarget(NamedTuple):
    """How many times as long `slow` (cell, by) takes as `fast`: "geometric mean", "worst shape", or at a "time"."""

    direction: Direction
    slow: tuple[str, str]
    fast: tuple[str, str]
    over: str
    relation: Literal["at least", "at most"]
    target: float | None


TARGETS = [
    SpeedTarget("train", ("lstm", "keras"), ("lstm", "ours"), "geometric mean", "at least", 1.25),
    SpeedTarget("train", ("lstm", "keras"), ("lstm", "ours"), "worst shape", "at least", 1.0),
    SpeedTarget("train", ("lstm", "torch"), ("lstm", "ours"), "geometric mean", "at least", 1.1),
    SpeedTarget("train", ("gru", "keras"), ("gru", "ours"), "geometric mean", "at least", 1.25),
    SpeedTarget("train", ("gru", "keras"), ("gru", "ours"), "worst shape", "at least", 1.0),
    SpeedTarget("train", ("gru", "torch"), ("gru", "ours"), "geometric mean", "at least", None),
    SpeedTarget("forward", ("lstm", "keras"), ("lstm", "ours"), "geometric mean", "at least", 2.0),
    SpeedTarget("forward", ("lstm", "torch"), ("lstm", "ours"), "geometric mean", "at least", 1.0),
    SpeedTarget("forward", ("gru", "keras"), ("gru", "ours"), "geometric mean", "at least", None),
    SpeedTarget("forward", ("gru", "torch"), ("gru", "ours"), "geometric mean", "at least", None),
    SpeedTarget("train", ("layer_norm_lstm", "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.5),
    SpeedTarget("forward", ("layer_norm_lstm", "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.5),
    SpeedTarget("train", ("gru", "ours"), ("min_gru", "ours"), "time 128", "at least", 3.0),
    SpeedTarget("forward", ("gru", "ours"), ("min_gru", "ours"), "time 128", "at least", 3.0),
    SpeedTarget("train", (with_dropout("lstm"), "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.1),
    SpeedTarget("train", (with_dropout("gru"), "ours"), ("gru", "ours"), "geometric mean", "at most", 1.1),
]


def check(layers: list[Entry], scaling: list[Point]) -> list[TargetResult]:
    return [check_machine(layers), *check_layers(layers), *check_scaling(scaling)]


def check_machine(entries: list[Entry]) -> TargetResult:
    """Whether it had no other work: its peak is the same in every group then."""
    peaks = [e.gflops / e.share for e in entries]
    return TargetResult(
        "machine: matrix product in its fastest group / slowest", max(peaks) / min(peaks), "at most", 1.25
    )


def check_layers(entries: list[Entry]) -> list[TargetResult]:
    """A verdict for each claim whose contenders were there."""
    ms = {(e.direction, (e.cell, e.by), (e.batch, e.time)): e.ms for e in entries}
    verdicts = []
    for direction, slow, fast, over, relation, target in TARGETS:
        shapes = [shape for way, who, shape in ms if (way, who) == (direction, slow)]
        if over.startswith("time"):
            shapes = [shape for shape in shapes if over == f"time {shape[1]}"]
        ratios = [ms[direction, slow, shape] / ms[direction, fast, shape] for shape in shapes]
        if ratios:
            value = min(ratios) if over == "worst shape" else statistics.geometric_mean(ratios)
            what = f"{direction}: {' '.join(slow)} / {' '.join(fast)}, {over}"
            verdicts.append(TargetResult(what, value, relation, target))
    return verdicts


def check_scaling(points: list[Point]) -> list[TargetResult]:
    """By how much cost grows more than the number of steps, or of rows: 1 is linear."""
    verdicts = []
    for grows in dict.fromkeys(p.grows for p in points):
        costs = [p.ms / (p.batch * p.time) for p in points if p.grows == grows]
        worst = max(more / less for less, more in itertools.pairwise(costs))
        what = f"train: lstm ours, growth of cost / growth of {grows}, worst shape"
        verdicts.append(TargetResult(what, worst, "at most", 1.1))
    return verdicts
