"""bench, first part: times the recurrent layer beside keras.layers and torch.nn."""

import importlib
import itertools
import math
import os
import statistics
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, NamedTuple

import keras
import tensorflow as tf
from matplotlib.axes import Axes
from rich.table import Table

from pipeline.cells import cell_class
from pipeline.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save
from pipeline.quiet import quiet
from pipeline.recurrent import Recurrent
from pipeline.timing import Contender, Verdict, measure, plain_table, tell

Direction = Literal["train", "forward"]
Shape = tuple[int, int]  # batch, time

INPUTS, UNITS = 256, 128
SHAPES: list[Shape] = [(256, 16), (256, 32), (64, 128)]
GROWING: dict[str, list[Shape]] = {  # what grows, by the name of its field in Point
    "time": [(32, time) for time in (16, 64, 256, 1024)],
    "batch": [(batch, 16) for batch in (16, 64, 256, 1024)],
}
SIBLINGS = {"lstm": "layer_norm_lstm", "gru": "min_gru"}  # timed in the same turns, to be compared with it
DROPOUT = 0.2
REPEATS = 15
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


# Timing


def time_layers(
    shapes: list[Shape], families: tuple[str, ...] = tuple(SIBLINGS), repeats: int = REPEATS
) -> list[Entry]:
    """Every cell of the families in both directions at each shape, by every contender that there is."""
    entries = []
    torch = find_torch()
    for family in families:
        for direction in ("train", "forward"):
            for shape in shapes:
                timings = measure(contenders(family, direction, shape, torch), repeats)
                entries += [Entry(direction, *who, *shape, *timing) for who, timing in timings.items()]
                tell(f"{family}, {direction}, {shape[0]}x{shape[1]}: {timings[family, 'ours'].ms:.1f} ms")
    return entries


def time_scaling(growing: dict[str, list[Shape]], repeats: int = REPEATS) -> list[Point]:
    """A train step of `lstm` at each shape."""
    points = [(grows, shape) for grows, shapes in growing.items() for shape in shapes]
    tell("lstm, train, memory of each shape in a process of its own")
    with quiet(), get_context("spawn").Pool(2, maxtasksperchild=1) as processes:  # a process keeps what it once took
        memory = processes.map(memory_growth, [shape for _, shape in points], chunksize=1)
    tell("lstm, train, more steps and more rows")
    timings = measure({shape: tensorflow(ours("lstm"), "train", shape) for _, shape in points}, repeats)
    return [Point(grows, *shape, *timings[shape], mb) for (grows, shape), mb in zip(points, memory, strict=True)]


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
        tell("torch is not installed: no times of torch.nn")
        return None


# Judging


def judge(layers: list[Entry], scaling: list[Point]) -> list[Verdict]:
    return [judge_machine(layers), *judge_layers(layers), *judge_scaling(scaling)]


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
    table = plain_table(title, ["cell", "direction"], ["batch x time", *CONTENDERS, "keras/ours", "torch/ours"])
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
    table = plain_table("Train step of lstm, ours", [], columns)
    for p in points:
        memory = "-" if p.memory_mb is None else f"{p.memory_mb:.0f}"
        each = 1000 * p.ms / (p.batch * p.time)
        table.add_row(f"{p.batch}x{p.time}", f"{p.ms:.1f}", f"{p.share:.0%}", f"{each:.1f}", memory)
    return table


def draw(path: Path, entries: list[Entry], points: list[Point]) -> None:
    """Bars of every family and direction, and the cost of more steps and of more rows."""
    families = [family for family in SIBLINGS if any(e.cell == family for e in entries)]
    drawing = figure(13, 3.5 * len(families))
    grid = drawing.subplots(len(families), 3, squeeze=False)
    for row, family in zip(grid, families, strict=True):
        for axes, direction in zip(row, ("train", "forward"), strict=False):
            draw_bars(axes, [e for e in entries if (e.cell, e.direction) == (family, direction)])
            axes.set(title=f"{family}, {direction}", ylabel="ms")
    for axes, what, label in zip(grid[:, 2], ("ms", "memory_mb"), ("ms", "peak memory added, MB"), strict=False):
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
    axes.set(xscale="log", yscale="log", xlabel="steps, or rows")
    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    axes.minorticks_off()
    axes.legend(frameon=False)
