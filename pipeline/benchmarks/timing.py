"""Time contenders fairly, and what both benchmarks share: checked targets and tables.

A time is a median. The contenders of a group take turns, and so does a plain matrix product, the machine's peak. If
the product is slower in one group than in another, the machine had other work, and the times are worth little. torch
suffers most: its threads wait for each other at every step, so that one without a core of its own delays all.
"""

import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Hashable
from typing import Any, Literal, NamedTuple, TypeVar

import tensorflow as tf
from rich.table import Table

K = TypeVar("K", bound=Hashable)

WARM_UPS = 3
PEAK = (4096, 512, 512)  # rows, inputs and outputs of the matrix product that is the machine's peak


class Contender(NamedTuple):
    """A function to time, which returns when its work is done, and the floating-point operations that it needs."""

    call: Callable[[], object]
    flops: int


class Timing(NamedTuple):
    """The median time of a contender, its GFLOP per second, and their fraction of the machine's peak."""

    ms: float
    gflops: float
    fraction_of_peak: float


class TargetResult(NamedTuple):
    """A measured value and its target; None where the value is only reported."""

    what: str
    value: float
    relation: Literal["at least", "at most"]
    target: float | None

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.relation == "at least" else self.value <= self.target


def measure(contenders: dict[K, Contender], repeats: int, warm_ups: int = WARM_UPS) -> dict[K, Timing]:
    """Return the timing of each contender over `repeats` rounds, after `warm_ups` that don't count.

    In each round every contender, and the machine's matrix product, is called once.
    """
    seconds: dict[Any, list[float]] = {key: [] for key in contenders}
    a, b = tf.random.normal(PEAK[:2]), tf.random.normal(PEAK[1:])
    peak = Contender(lambda: memoryview(tf.matmul(a, b)), 2 * math.prod(PEAK))
    turns = [*contenders.items(), (None, peak)]
    seconds[None] = []
    for round_number in range(-warm_ups, repeats):
        random.Random(round_number).shuffle(turns)  # else each would find the caches as always the same one leaves them
        for key, contender in turns:
            start = time.perf_counter()
            contender.call()
            if round_number >= 0:
                seconds[key].append(time.perf_counter() - start)
    median = {key: statistics.median(times) for key, times in seconds.items()}
    gflops = {key: contender.flops / median[key] / 1e9 for key, contender in turns}
    return {key: Timing(1000 * median[key], gflops[key], gflops[key] / gflops[None]) for key in contenders}


def log(message: str) -> None:
    """Print a line of progress to standard error."""
    print(f"bench: {message}", file=sys.stderr, flush=True)


def targets_table(results: list[TargetResult]) -> Table:
    """Return a table of measured ratios, their targets and whether they are met."""
    table = plain_table("How many times as long", ["what"], ["is", "target", ""])
    for result in results:
        target = "-" if result.target is None else f"{result.relation} {result.target:g}"
        table.add_row(result.what, f"{result.value:.2f}", target, {True: "met", False: "MISSED", None: ""}[result.met])
    return table


def plain_table(title: str, left: list[str], right: list[str]) -> Table:
    """Return an empty table without borders, with left-aligned columns before right-aligned ones."""
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for name in (*left, *right):
        table.add_column(name, justify="left" if name in left else "right")
    return table
