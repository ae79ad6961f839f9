"""Time the recurrent layer beside keras.layers and torch.nn."""

import importlib
import math
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipeline.benchmarks.entries import DROPOUT, INPUTS, SIBLINGS, UNITS, Direction, Entry, Point, Shape, with_dropout
from pipeline.benchmarks.timing import Contender, log, measure
from pipeline.cells import cell_class
from pipeline.layers.recurrent import Recurrent
from pipeline.support.silenced_stderr import silenced_stderr

SHAPES: list[Shape] = [(256, 16), (256, 32), (64, 128)]
GROWING: dict[str, list[Shape]] = {  # by the dimension that grows
    "time": [(32, time) for time in (16, 64, 256, 1024)],
    "batch": [(batch, 16) for batch in (16, 64, 256, 1024)],
}
REPEATS = 15


def time_layers(
    shapes: list[Shape], families: tuple[str, ...] = tuple(SIBLINGS), repeats: int = REPEATS
) -> list[Entry]:
    """Time the cells of each family in both directions at each shape; torch where it is installed."""
    entries = []
    torch = find_torch()
    for family in families:
        for direction in ("train", "forward"):
            for shape in shapes:
                timings = measure(contenders(family, direction, shape, torch), repeats)
                entries += [Entry(direction, *key, *shape, *timing) for key, timing in timings.items()]
                log(f"{family}, {direction}, {shape[0]}x{shape[1]}: {timings[family, 'ours'].ms:.1f} ms")
    return entries


def time_scaling(growing: dict[str, list[Shape]], repeats: int = REPEATS) -> list[Point]:
    """Measure time and memory of a train step of `lstm` at each shape."""
    points = [(grows, shape) for grows, shapes in growing.items() for shape in shapes]
    log("lstm, train, memory of each shape in a process of its own")
    # A process never gives its peak back, so each shape needs a new one.
    with silenced_stderr(), get_context("spawn").Pool(2, maxtasksperchild=1) as processes:
        memory = processes.map(memory_growth, [shape for _, shape in points], chunksize=1)
    log("lstm, train, more steps and more rows")
    timings = measure({shape: keras_contender(ours("lstm"), "train", shape) for _, shape in points}, repeats)
    return [Point(grows, *shape, *timings[shape], mb) for (grows, shape), mb in zip(points, memory, strict=True)]


def memory_growth(shape: Shape) -> float | None:
    """Return by how many MB a train step at `shape` raises this process's peak of resident memory; None if unknown.

    The peak of a step at a tiny shape is subtracted. What is left is the memory of the step with its inputs and
    results, and some 20 MB that XLA takes to compile it.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    peaks = []
    for size in ((2, 2), shape):
        step = keras_contender(ours("lstm"), "train", size).call
        for _ in range(3):
            step()
        (peak,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        peaks.append(int(peak) / 1024)
    return peaks[1] - peaks[0]


def contenders(family: str, direction: Direction, shape: Shape, torch: Any) -> dict[tuple[str, str], Contender]:
    """Return {(cell, by): contender} for a cell that Keras and torch have too, and for the cells compared with it."""
    sibling = SIBLINGS[family]
    layers = {
        (family, "ours"): ours(family),
        (family, "plain"): ours(family, compiled=False),
        (family, "keras"): getattr(keras.layers, family.upper())(UNITS, return_sequences=True),
        (sibling, "ours"): ours(sibling),
    }
    if direction == "train":
        layers[with_dropout(family), "ours"] = ours(family, recurrent_dropout=DROPOUT)
    timed = {key: keras_contender(layer, direction, shape) for key, layer in layers.items()}
    if torch:
        timed[family, "torch"] = Contender(torch_call(torch, family, direction, shape), timed[family, "ours"].flops)
    return timed


def ours(cell: str, compiled: bool = True, **options: Any) -> Recurrent:
    """Return this project's layer around a cell; `compiled` by XLA or not."""
    layer = Recurrent(cell_class(cell)(UNITS), return_sequences=True, **options)
    layer.compiled = compiled
    return layer


def keras_contender(layer: keras.layers.Layer, direction: Direction, shape: Shape) -> Contender:
    """Return a contender that runs a Keras layer forward, or forward and backward.

    Backward takes the gradients of the sum of the outputs, by the inputs and by all weights.
    """
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
            memoryview(result)  # waits for the result as numpy() does, without a copy

    return Contender(call, flops(layer, direction, shape))


def torch_call(torch: Any, cell: str, direction: Direction, shape: Shape) -> Callable[[], object]:
    """Return a function that runs torch's layer as `keras_contender` does."""
    layer = getattr(torch.nn, cell.upper())(INPUTS, UNITS, batch_first=True)
    x = torch.randn(*shape, INPUTS, requires_grad=direction == "train")

    def forward() -> None:
        with torch.no_grad():
            layer(x)

    def train() -> None:
        torch.autograd.grad(layer(x)[0].sum(), [x, *layer.parameters()])

    return {"forward": forward, "train": train}[direction]


def flops(layer: keras.layers.Layer, direction: Direction, shape: Shape) -> int:
    """Return the floating-point operations of the matrix products.

    Forward takes two for each row, step and entry of a matrix; backward takes four more: a product for the gradient of
    the inputs, and one for that of the matrix.
    """
    matrices = sum(math.prod(weight.shape) for weight in layer.weights if weight.name.endswith("kernel"))
    return {"forward": 2, "train": 6}[direction] * math.prod(shape) * matrices


def find_torch() -> Any:
    """Return the module torch, or None where it is not installed: it is no requirement."""
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        log("torch is not installed: no times of torch.nn")
        return None
