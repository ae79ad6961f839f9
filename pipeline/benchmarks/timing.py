"""What the benches share: contenders that take turns, verdicts on what comes out, and how both are shown.

Times are medians. The contenders of a group take turns, and so does a plain matrix product, the machine's peak: where
it is slower in one group than in another, the machine had other work, and the times are worth little. Those of torch
least: its threads wait for each other at every step, and one that has no core to itself holds up the others.
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
PEAK = (4096, 512, 512)  # rows, inputs and outputs of the product that is the machine's peak


class Contender(NamedTuple):
    """Something to time: it does all its work before it returns. `flops` are those that the mathematics needs."""

    call: Callable[[], object]
    flops: int


class Timing(NamedTuple):
    ms: float
    gflops: float  # a second
    share: float  # of the gflops of the machine's matrix product


class TargetResult(NamedTuple):
    """A number, and what it is to be. `target` is None where nothing is asked."""

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
    """Let the contenders and the machine's matrix product take turns: the median of each."""
    seconds: dict[Any, list[float]] = {who: [] for who in contenders}
    a, b = tf.random.normal(PEAK[:2]), tf.random.normal(PEAK[1:])
    peak = Contender(lambda: memoryview(tf.matmul(a, b)), 2 * math.prod(PEAK))
    turns = [*contenders.items(), (None, peak)]
    seconds[None] = []
    for turn in range(-warm_ups, repeats):
        random.Random(turn).shuffle(turns)  # or each would find the caches as always the same one leaves them
        for who, contender in turns:
            begun = time.perf_counter()
            contender.call()
            if turn >= 0:
                seconds[who].append(time.perf_counter() - begun)
    median = {who: statistics.median(times) for who, times in seconds.items()}
    gflops = {who: contender.flops / median[who] / 1e9 for who, contender in turns}
    return {who: Timing(1000 * median[who], gflops[who], gflops[who] / gflops[None]) for who in contenders}


def log(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def targets_table(verdicts: list[TargetResult]) -> Table:
    table = plain_table("How many times as long", ["what"], ["is", "target", ""])
    for v in verdicts:
        target = "-" if v.target is None else f"{v.relation} {v.target:g}"
        table.add_row(v.what, f"{v.value:.2f}", target, {True: "met", False: "MISSED", None: ""}[v.met])
    return table


def plain_table(title: str, left: list[str], right: list[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for name in (*left, *right):
        table.add_column(name, justify="left" if name in left else "right")
    return table
