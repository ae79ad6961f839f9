"""bench: times the recurrent layer beside keras.layers and torch.nn, all in one run on this machine.

Times are medians. The contenders of a group take turns, and so does a plain matrix product, the machine's peak: where
it is slower in one group than in another, the machine had other work, and the times are worth little. Those of torch
least: its threads wait for each other at every step, and one that has no core to itself holds up the others.
"""

import importlib
import itertools
import json
import math
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Hashable
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import keras
import tensorflow as tf
from matplotlib.axes import Axes
from rich.console import Console
from rich.table import Table

from pipeline.cells import cell_class
from pipeline.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save
from pipeline.manifest import write_atomically
from pipeline.quiet import quiet
from pipeline.recurrent import Recurrent

Direction = Literal["train", "forward"]
Shape = tuple[int, int]  # batch, time
K = TypeVar("K", bound=Hashable)

INPUTS, UNITS = 256, 128
SHAPES: list[Shape] = [(256, 16), (256, 32), (64, 128)]
GROWING: dict[str, list[Shape]] = {  # what grows, by the name of its field in Point
    "time": [(32, time) for time in (16, 64, 256, 1024)],
    "batch": [(batch, 16) for batch in (16, 64, 256, 1024)],
}
SIBLINGS = {"lstm": "layer_norm_lstm", "gru": "min_gru"}  # timed in the same turns, to be compared with it
DROPOUT = 0.2
WARM_UPS, REPEATS = 3, 15
PEAK = (4096, 512, 512)  # rows, inputs and outputs of the product that is the machine's peak
CONTENDERS = {"ours": POSITIVE, "plain": "#92c5de", "keras": NEUTRAL, "torch": NEGATIVE}  # with their colours


class Contender(NamedTuple):
    """Something to time: it does all its work before it returns. `flops` are those that the mathematics needs."""

    call: Callable[[], object]
    flops: int


class Timing(NamedTuple):
    ms: float
    gflops: float  # a second
    share: float  # of the gflops of the machine's matrix product


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


class Verdict(NamedTuple):
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


class Claim(NamedTuple):
    """How many times as long `slow` (cell, by) takes as `fast`: "geometric mean", "worst shape", or at a "time"."""

    direction: Direction
    slow: tuple[str, str]
    fast: tuple[str, str]
    over: str
    relation: Literal["at least", "at most"]
    target: float | None


def dropped(cell: str) -> str:
    return f"{cell}, dropout {DROPOUT}"


CLAIMS = [
    Claim("train", ("lstm", "keras"), ("lstm", "ours"), "geometric mean", "at least", 1.25),
    Claim("train", ("lstm", "keras"), ("lstm", "ours"), "worst shape", "at least", 1.0),
    Claim("train", ("lstm", "torch"), ("lstm", "ours"), "geometric mean", "at least", 1.1),
    Claim("train", ("gru", "keras"), ("gru", "ours"), "geometric mean", "at least", 1.25),
    Claim("train", ("gru", "keras"), ("gru", "ours"), "worst shape", "at least", 1.0),
    Claim("train", ("gru", "torch"), ("gru", "ours"), "geometric mean", "at least", None),
    Claim("forward", ("lstm", "keras"), ("lstm", "ours"), "geometric mean", "at least", 2.0),
    Claim("forward", ("lstm", "torch"), ("lstm", "ours"), "geometric mean", "at least", 1.0),
    Claim("forward", ("gru", "keras"), ("gru", "ours"), "geometric mean", "at least", None),
    Claim("forward", ("gru", "torch"), ("gru", "ours"), "geometric mean", "at least", None),
    Claim("train", ("layer_norm_lstm", "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.5),
    Claim("forward", ("layer_norm_lstm", "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.5),
    Claim("train", ("gru", "ours"), ("min_gru", "ours"), "time 128", "at least", 3.0),
    Claim("forward", ("gru", "ours"), ("min_gru", "ours"), "time 128", "at least", 3.0),
    Claim("train", (dropped("lstm"), "ours"), ("lstm", "ours"), "geometric mean", "at most", 1.1),
    Claim("train", (dropped("gru"), "ours"), ("gru", "ours"), "geometric mean", "at most", 1.1),
]


def bench(artifacts: Path) -> None:
    """Time everything, print it, and write `bench/bench.json` and `bench/bench.png`."""
    out = artifacts / "bench"
    out.mkdir(parents=True, exist_ok=True)
    tf.get_logger().setLevel("ERROR")  # else it warns that so many functions are traced
    layers, scaling = time_layers(SHAPES), time_scaling(GROWING)
    verdicts = [judge_machine(layers), *judge_layers(layers), *judge_scaling(scaling)]
    draw(out / "bench.png", layers, scaling)
    write(out / "bench.json", {"layers": layers, "scaling": scaling}, verdicts)
    console = Console(width=None if Console().is_terminal else 120)
    for table in (layers_table(layers), scaling_table(scaling), verdicts_table(verdicts)):
        console.print(table, "")
    console.print(f"{out / 'bench.json'}\n{out / 'bench.png'}")


def write(path: Path, sections: dict[str, list[Any]], verdicts: list[Verdict]) -> None:
    """The entries of each section, and the verdicts, each as an object, beside the machine they are of."""
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "tensorflow": tf.__version__}
    entries = {name: [entry._asdict() for entry in section] for name, section in sections.items()}
    judged = [{**verdict._asdict(), "met": verdict.met} for verdict in verdicts]
    write_atomically(path, json.dumps({**machine, **entries, "verdicts": judged}, indent=1))


# Timing


def time_layers(shapes: list[Shape], repeats: int = REPEATS) -> list[Entry]:
    """Every cell in both directions at each shape, by every contender that there is."""
    entries = []
    torch = find_torch()
    for family in SIBLINGS:
        for direction in ("train", "forward"):
            for shape in shapes:
                timings = measure(contenders(family, direction, shape, torch), repeats)
                entries += [Entry(direction, *who, *shape, *timing) for who, timing in timings.items()]
                _tell(f"{family}, {direction}, {shape[0]}x{shape[1]}: {timings[family, 'ours'].ms:.1f} ms")
    return entries


def time_scaling(growing: dict[str, list[Shape]], repeats: int = REPEATS) -> list[Point]:
    """A train step of `lstm` at each shape."""
    points = [(grows, shape) for grows, shapes in growing.items() for shape in shapes]
    _tell("lstm, train, memory of each shape in a process of its own")
    with quiet(), get_context("spawn").Pool(2, maxtasksperchild=1) as processes:  # a process keeps what it once took
        memory = processes.map(memory_growth, [shape for _, shape in points], chunksize=1)
    _tell("lstm, train, more steps and more rows")
    timings = measure({shape: tensorflow(ours("lstm"), "train", shape) for _, shape in points}, repeats)
    return [Point(grows, *shape, *timings[shape], mb) for (grows, shape), mb in zip(points, memory, strict=True)]


def measure(contenders: dict[K, Contender], repeats: int) -> dict[K, Timing]:
    """Let the contenders and the machine's matrix product take turns: the median of each."""
    seconds: dict[Any, list[float]] = {who: [] for who in contenders}
    a, b = tf.random.normal(PEAK[:2]), tf.random.normal(PEAK[1:])
    peak = Contender(lambda: memoryview(tf.matmul(a, b)), 2 * math.prod(PEAK))
    turns = [*contenders.items(), (None, peak)]
    seconds[None] = []
    for turn in range(-WARM_UPS, repeats):
        random.Random(turn).shuffle(turns)  # or each would find the caches as always the same one leaves them
        for who, contender in turns:
            begun = time.perf_counter()
            contender.call()
            if turn >= 0:
                seconds[who].append(time.perf_counter() - begun)
    median = {who: statistics.median(times) for who, times in seconds.items()}
    gflops = {who: contender.flops / median[who] / 1e9 for who, contender in turns}
    return {who: Timing(1000 * median[who], gflops[who], gflops[who] / gflops[None]) for who in contenders}


def memory_growth(shape: Shape) -> float | None:
    """By how many MB steps at a shape raise this process's peak of resident memory above that of a smallest step.

    That is what a step needs at once, its inputs and results, and what XLA takes to compile it, some 20 MB.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    peaks = []
    for size in ((2, 2), shape):
        step = tensorflow(ours("lstm"), "train", size).call
        for _ in range(3):
            step()
        (peak,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        peaks.append(int(peak) / 1024)
    return peaks[1] - peaks[0]


# Contenders


def contenders(family: str, direction: Direction, shape: Shape, torch: Any) -> dict[tuple[str, str], Contender]:
    """(cell, by) -> contender, for a cell that Keras and torch have too, and for those compared with it."""
    sibling = SIBLINGS[family]
    layers = {
        (family, "ours"): ours(family),
        (family, "plain"): ours(family, compiled=False),
        (family, "keras"): getattr(keras.layers, family.upper())(UNITS, return_sequences=True),
        (sibling, "ours"): ours(sibling),
    }
    if direction == "train":
        layers[dropped(family), "ours"] = ours(family, recurrent_dropout=DROPOUT)
    found = {who: tensorflow(layer, direction, shape) for who, layer in layers.items()}
    if torch:
        found[family, "torch"] = Contender(torch_call(torch, family, direction, shape), found[family, "ours"].flops)
    return found


def ours(cell: str, compiled: bool = True, **options: Any) -> Recurrent:
    layer = Recurrent(cell_class(cell)(UNITS), return_sequences=True, **options)
    layer.compiled = compiled
    return layer


def tensorflow(layer: keras.layers.Layer, direction: Direction, shape: Shape) -> Contender:
    """A layer forward, or forward and back: the gradients of its outputs' sum, by its inputs and by all weights."""
    x, mask = tf.random.normal((*shape, INPUTS)), tf.ones(shape, tf.bool)
    layer.build(x.shape)

    @tf.function(autograph=False)
    def forward(x: tf.Tensor, mask: tf.Tensor) -> list[tf.Tensor]:
        return [layer(x, mask=mask, training=False)]

    @tf.function(autograph=False)
    def train(x: tf.Tensor, mask: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(layer(x, mask=mask, training=True))
        return tape.gradient(total, [x, *(weight.value for weight in layer.trainable_weights)])

    step = {"forward": forward, "train": train}[direction]

    def call() -> None:
        for result in step(x, mask):
            memoryview(result)  # waits for it, as numpy() does, and copies nothing

    return Contender(call, flops(layer, direction, shape))


def torch_call(torch: Any, cell: str, direction: Direction, shape: Shape) -> Callable[[], object]:
    layer = getattr(torch.nn, cell.upper())(INPUTS, UNITS, batch_first=True)
    x = torch.randn(*shape, INPUTS, requires_grad=direction == "train")

    def forward() -> None:
        with torch.no_grad():
            layer(x)

    def train() -> None:
        torch.autograd.grad(layer(x)[0].sum(), [x, *layer.parameters()])

    return {"forward": forward, "train": train}[direction]


def flops(layer: keras.layers.Layer, direction: Direction, shape: Shape) -> int:
    """Those of the matrix products: each row meets each matrix once at each step, and twice more on the way back."""
    matrices = sum(math.prod(weight.shape) for weight in layer.weights if weight.name.endswith("kernel"))
    return {"forward": 2, "train": 6}[direction] * math.prod(shape) * matrices


def find_torch() -> Any:
    """The package torch, or None: it is no requirement."""
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        _tell("torch is not installed: no times of torch.nn")
        return None


def _tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


# Judging


def judge_machine(entries: list[Entry]) -> Verdict:
    """Whether it had no other work: its peak is the same in every group then."""
    peaks = [e.gflops / e.share for e in entries]
    return Verdict("machine: matrix product in its fastest group / slowest", max(peaks) / min(peaks), "at most", 1.25)


def judge_layers(entries: list[Entry]) -> list[Verdict]:
    """A verdict for each claim whose contenders were there."""
    ms = {(e.direction, (e.cell, e.by), (e.batch, e.time)): e.ms for e in entries}
    verdicts = []
    for direction, slow, fast, over, relation, target in CLAIMS:
        shapes = [shape for way, who, shape in ms if (way, who) == (direction, slow)]
        if over.startswith("time"):
            shapes = [shape for shape in shapes if over == f"time {shape[1]}"]
        ratios = [ms[direction, slow, shape] / ms[direction, fast, shape] for shape in shapes]
        if ratios:
            value = min(ratios) if over == "worst shape" else statistics.geometric_mean(ratios)
            what = f"{direction}: {' '.join(slow)} / {' '.join(fast)}, {over}"
            verdicts.append(Verdict(what, value, relation, target))
    return verdicts


def judge_scaling(points: list[Point]) -> list[Verdict]:
    """By how much cost grows more than the number of steps, or of rows: 1 is linear."""
    verdicts = []
    for grows in dict.fromkeys(p.grows for p in points):
        costs = [p.ms / (p.batch * p.time) for p in points if p.grows == grows]
        worst = max(more / less for less, more in itertools.pairwise(costs))
        what = f"train: lstm ours, growth of cost / growth of {grows}, worst shape"
        verdicts.append(Verdict(what, worst, "at most", 1.1))
    return verdicts


# Showing


def layers_table(entries: list[Entry]) -> Table:
    peak = statistics.median(e.gflops / e.share for e in entries)
    title = f"ms, and share of the matrix-product peak of {peak:.0f} GFLOP/s; input {INPUTS}, units {UNITS}"
    table = _table(title, ["cell", "direction"], ["batch x time", *CONTENDERS, "keras/ours", "torch/ours"])
    rows: dict[tuple[str, str, str], dict[str, Entry]] = {}
    together = list(dict.fromkeys((e.cell, e.direction) for e in entries))
    for e in sorted(entries, key=lambda e: together.index((e.cell, e.direction))):
        rows.setdefault((e.cell, e.direction, f"{e.batch}x{e.time}"), {})[e.by] = e
    for names, row in rows.items():
        times = [f"{row[by].ms:.1f} {row[by].share:4.0%}" if by in row else "-" for by in CONTENDERS]
        ratios = [f"{row[by].ms / row['ours'].ms:.2f}" if by in row else "-" for by in ("keras", "torch")]
        table.add_row(*names, *times, *ratios)
    return table


def scaling_table(points: list[Point]) -> Table:
    columns = ["batch x time", "ms", "share of peak", "us a row's step", "peak memory added, MB"]
    table = _table("Train step of lstm, ours", [], columns)
    for p in points:
        memory = "-" if p.memory_mb is None else f"{p.memory_mb:.0f}"
        each = 1000 * p.ms / (p.batch * p.time)
        table.add_row(f"{p.batch}x{p.time}", f"{p.ms:.1f}", f"{p.share:.0%}", f"{each:.1f}", memory)
    return table


def verdicts_table(verdicts: list[Verdict]) -> Table:
    table = _table("How many times as long", ["what"], ["is", "target", ""])
    for v in verdicts:
        target = "-" if v.target is None else f"{v.relation} {v.target:g}"
        table.add_row(v.what, f"{v.value:.2f}", target, {True: "met", False: "MISSED", None: ""}[v.met])
    return table


def _table(title: str, left: list[str], right: list[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for name in (*left, *right):
        table.add_column(name, justify="left" if name in left else "right")
    return table


def draw(path: Path, entries: list[Entry], points: list[Point]) -> None:
    """Bars of every family and direction, and the cost of more steps and of more rows."""
    drawing = figure(13, 7)
    grid = drawing.subplots(2, 3)
    for row, family in zip(grid, SIBLINGS, strict=True):
        for axes, direction in zip(row, ("train", "forward"), strict=False):
            draw_bars(axes, [e for e in entries if (e.cell, e.direction) == (family, direction)])
            axes.set(title=f"{family}, {direction}", ylabel="ms")
    for axes, what, label in zip(grid[:, 2], ("ms", "memory_mb"), ("ms", "peak memory added, MB"), strict=True):
        draw_scaling(axes, points, what)
        axes.set(title="lstm, train, ours", ylabel=label)
    bars = dict(zip(*reversed(grid[0, 0].get_legend_handles_labels()), strict=True))  # one a contender
    drawing.legend(bars.values(), bars, loc="outside lower left", ncols=len(bars), frameon=False)
    about = f"Input {INPUTS}, units {UNITS}, float32, {os.cpu_count()} cores"
    drawing.suptitle(f"{about}; black: the matrix products alone, at peak speed")
    save(drawing, path)


def draw_bars(axes: Axes, entries: list[Entry]) -> None:
    """A group a shape, a bar a contender, and a line where the matrix products alone would end at peak speed."""
    shapes = list(dict.fromkeys((e.batch, e.time) for e in entries))
    present = [by for by in CONTENDERS if any(e.by == by for e in entries)]
    width = 0.8 / len(present)
    for e in entries:
        left = shapes.index((e.batch, e.time)) - 0.4 + present.index(e.by) * width
        axes.bar(left, e.ms, width, align="edge", color=CONTENDERS[e.by], label=e.by)
        axes.hlines(e.ms * e.share, left, left + width, color="black", linewidth=1)
    axes.set_xticks(range(len(shapes)), [f"{batch}x{time}" for batch, time in shapes])


def draw_scaling(axes: Axes, points: list[Point], what: str) -> None:
    """A line for each that grows; both scales are logarithmic, so that linear costs run along the dashes."""
    for grows, colour in zip(dict.fromkeys(p.grows for p in points), (POSITIVE, NEGATIVE), strict=False):
        of = [p for p in points if p.grows == grows and getattr(p, what) is not None]
        sizes, costs = [getattr(p, grows) for p in of], [getattr(p, what) for p in of]
        axes.plot(sizes, costs, "o-", color=colour, label=grows)
        axes.plot(sizes, [costs[-1] * size / sizes[-1] for size in sizes], "--", color=colour, linewidth=1)
    sizes = sorted({getattr(p, p.grows) for p in points})
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    axes.minorticks_off()
    axes.legend(frameon=False)
