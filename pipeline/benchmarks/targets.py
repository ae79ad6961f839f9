"""The targets for the speed of the recurrent layer, and the check of a run against them.

The targets are goals set for this project, as ratios of times within one run: times of two machines, or of two runs,
can't be compared. Where a target is None, the ratio is reported without a goal.
"""

import itertools
import statistics
from typing import Literal, NamedTuple

from pipeline.benchmarks.entries import Direction, Entry, Point, with_dropout
from pipeline.benchmarks.timing import TargetResult

MAX_DRIFT = 1.25  # speed of a plain matrix product in its fastest group over its slowest: above, times are doubtful
MAX_GROWTH = 1.1  # growth of cost over growth of steps or rows; 1 is linear


class SpeedTarget(NamedTuple):
    """A target for the time of `slow` over the time of `fast`.

    Attributes:
        slow, fast: (cell, contender), as in `Entry`.
        over: how the shapes are summarised: "geometric mean", "worst shape", or "time 128" for shapes of that time.
    """

    direction: Direction
    slow: tuple[str, str]
    fast: tuple[str, str]
    over: str
    relation: Literal["at least", "at most"]
    target: float | None


TARGETS = [
    # A train step: clearly faster than Keras on average, slower at no shape; lstm, the default, faster than torch too.
    SpeedTarget("train", ("lstm", "keras"), ("lstm", "ours"), "geometric mean", "at least", 1.25),
    SpeedTarget("train", ("lstm", "keras"), ("lstm", "ours"), "worst shape", "at least", 1.0),
    SpeedTarget("train", ("lstm", "torch"), ("lstm", "ours"), "geometric mean", "at least", 1.1),
    SpeedTarget("train", ("gru", "keras"), ("gru", "ours"), "geometric mean", "at least", 1.25),
    SpeedTarget("train", ("gru", "keras"), ("gru", "ours"), "worst shape", "at least", 1.0),
    SpeedTarget("train", ("gru", "torch"), ("gru", "ours"), "geometric mean", "at least", None),
    # Forward alone: goals for the default cell only.
    SpeedTarget("forward", ("lstm", "keras"), ("lstm", "ours"), "geometric mean", "at least", 2.0),
    SpeedTarget("forward", ("lstm", "torch"), ("lstm", "ours"), "geometric mean", "at least", 1.0),
    SpeedTarget("forward", ("gru", "keras"), ("gru", "ours"), "geometric mean", "at least", None),
    SpeedTarget("forward", ("gru", "torch"), ("gru", "ours"), "geometric mean", "at least", None),
    # Layer normalisation adds work at every step, but no matrix product.
    SpeedTarget("train", ("layer_norm_lstm", "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.5),
    SpeedTarget("forward", ("layer_norm_lstm", "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.5),
    # min_gru runs as a parallel scan without a product at every step: it must pay off where there are many steps.
    SpeedTarget("train", ("gru", "ours"), ("min_gru", "ours"), "time 128", "at least", 3.0),
    SpeedTarget("forward", ("gru", "ours"), ("min_gru", "ours"), "time 128", "at least", 3.0),
    # Recurrent dropout only multiplies the states by one mask for all steps.
    SpeedTarget("train", (with_dropout("lstm"), "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.1),
    SpeedTarget("train", (with_dropout("gru"), "ours"), ("gru", "ours"), "geometric mean", "at most", 1.1),
]


def check(layers: list[Entry], scaling: list[Point]) -> list[TargetResult]:
    """Return the results of all checks."""
    return [check_machine(layers), *check_layers(layers), *check_scaling(scaling)]


def check_machine(entries: list[Entry]) -> TargetResult:
    """Check that the machine had no other work: its peak must be the same in every group."""
    peaks = [e.gflops / e.fraction_of_peak for e in entries]
    drift = max(peaks) / min(peaks)
    return TargetResult("machine: matrix product in its fastest group / slowest", drift, "at most", MAX_DRIFT)


def check_layers(entries: list[Entry]) -> list[TargetResult]:
    """Return a result for each of `TARGETS` whose contenders were timed."""
    ms = {(e.direction, (e.cell, e.by), (e.batch, e.time)): e.ms for e in entries}
    results = []
    for direction, slow, fast, over, relation, target in TARGETS:
        shapes = [shape for timed, contender, shape in ms if (timed, contender) == (direction, slow)]
        if over.startswith("time"):
            shapes = [shape for shape in shapes if over == f"time {shape[1]}"]
        ratios = [ms[direction, slow, shape] / ms[direction, fast, shape] for shape in shapes]
        if ratios:
            value = min(ratios) if over == "worst shape" else statistics.geometric_mean(ratios)
            what = f"{direction}: {' '.join(slow)} / {' '.join(fast)}, {over}"
            results.append(TargetResult(what, value, relation, target))
    return results


def check_scaling(points: list[Point]) -> list[TargetResult]:
    """Check that cost grows linearly with the number of steps and of rows, by the worst growth between two sizes."""
    results = []
    for grows in dict.fromkeys(p.grows for p in points):
        costs = [p.ms / (p.batch * p.time) for p in points if p.grows == grows]
        worst = max(larger / smaller for smaller, larger in itertools.pairwise(costs))
        what = f"train: lstm ours, growth of cost / growth of {grows}, worst shape"
        results.append(TargetResult(what, worst, "at most", MAX_GROWTH))
    return results
