"""Gradient flow: how much of the gradient at the end of a sequence comes back to what the cell held long before."""

import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipeline.artifact.tables import write_table
from pipeline.layers.cell import Cell
from pipeline.report.gates import first_layer
from pipeline.support.figures import NEUTRAL, figure, line_colours, save
from pipeline.text.batching import encode, pad
from pipeline.text.tokenizer import Tokenizer

SEED = 1
FLOOR = 1e-12  # drawn for anything less: beside a gradient of 1 it moves no weight


def gradient_flow(cell: Cell, inputs: Any) -> np.ndarray:
    """Return |dL/dh_{T-d}| by distance d from the last step T: the mean over the rows.

    L is the product of h_T with a random unit vector, another for each row but the same at every call. It stands for
    whatever a loss may ask of h_T, favours no unit, and makes the flow 1 at d = 0. What a later step made of h_{T-d}
    counts, by whichever state it reaches the end; what went past h_{T-d} in another state, such as c, does not.

    Shapes:
        inputs [batch, time, inputs] -> float64 [time], entry d for distance d.

    Source:
        Pascanu et al. 2013, "On the difficulty of training recurrent neural networks".

    >>> from pipeline.cells.vanilla import VanillaCell
    >>> cell = VanillaCell(2, activation="relu")
    >>> cell.build((None, 2))
    >>> cell.set_weights([np.eye(2), 0.5 * np.eye(2), np.zeros(2)])
    >>> gradient_flow(cell, np.ones((1, 4, 2))).round(4).tolist()
    [1.0, 0.5, 0.25, 0.125]
    """
    outputs, states = [], cell.get_initial_state(inputs.shape[0])
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for x in tf.unstack(inputs, axis=1):
            _, states = cell(x, states)
            tape.watch(states[0])
            outputs.append(states[0])
        asked = tf.reduce_sum(outputs[-1] * random_directions(*outputs[-1].shape))
    gradients = tape.gradient(asked, outputs, unconnected_gradients="zero")
    return np.linalg.norm(np.float64(gradients), axis=2).mean(axis=1)[::-1]  # float32 can't square 1e-20


def random_directions(rows: int, units: int) -> np.ndarray:
    """Return unit vectors [rows, units], the same at every call."""
    directions = np.random.default_rng(SEED).normal(size=(rows, units))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def draw_gradient_flow(path: Path, panels: dict[str, dict[str, np.ndarray]]) -> None:
    """Draw a panel a title and a line a cell on a log scale, of `{"untrained": {"lstm": flow}, "trained": ...}`."""
    colours = line_colours(dict.fromkeys(name for flows in panels.values() for name in flows))
    drawing = figure(6.5 * len(panels), 4.5)
    row = np.atleast_1d(drawing.subplots(1, len(panels), sharey=True))
    for axes, (title, flows) in zip(row, panels.items(), strict=True):
        axes.axhline(1, color=NEUTRAL, linewidth=1)
        for name in sorted(flows, key=lambda name: -flows[name][-1]):  # the legend's order is that of the lines' ends
            axes.plot(np.maximum(flows[name], FLOOR), color=colours[name], label=name)
        axes.set(title=title, yscale="log", xlabel="d, pieces before the last")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")  # over less than a decade it would write powers, with a minus our font lacks
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    drawing.supylabel(f"|dL/dh| ({FLOOR:g}: that or less)")
    drawing.suptitle("Gradient flow: what comes back over d pieces")
    save(drawing, path)


def longest_reviews(tokenizer: Tokenizer, texts: list[str], reviews: int, max_length: int) -> tf.Tensor:
    """Return ids [reviews, time] without padding: the longest reviews, cut to the last pieces that each of them has."""
    ids = encode(tokenizer, texts, max_length)
    lengths = ids.row_lengths().numpy()
    rows = np.argsort(-lengths, kind="stable")[:reviews]
    return pad(tf.gather(ids, rows)[:, -max(1, int(lengths[rows].min())) :])


def trace_gradients(models: dict[str, keras.Model], ids: tf.Tensor) -> dict[str, dict[str, np.ndarray]]:
    """Return the gradient flow through each model's first cell over its embeddings of `ids`, "untrained" and "trained".

    Untrained is a fresh cell of the same configuration. Both read the trained embeddings: what differs is the cell.
    """
    flows: dict[str, dict[str, np.ndarray]] = {"untrained": {}, "trained": {}}
    for name, model in models.items():
        trained, inputs = first_layer(model).cell, model.get_layer("embedding")(ids)
        # In float32, whatever it was trained in: float16 holds nothing below 1e-7.
        cell = type(trained).from_config(trained.get_config() | {"dtype": "float32"})
        _build_from_seed(cell, inputs[:, 0].shape)
        flows["untrained"][name] = gradient_flow(cell, inputs)
        cell.set_weights(trained.get_weights())
        flows["trained"][name] = gradient_flow(cell, inputs)
    return flows


def _build_from_seed(cell: Cell, shape: tuple[int, ...]) -> None:
    """Give a cell the same initial weights at every call.

    Keras draws the seeds of initial weights from Python's random numbers. They alone are seeded, and restored: by a new
    seed of its own TensorFlow forgets the tokenizer's model.
    """
    state = random.getstate()
    random.seed(SEED)
    cell.build(shape)
    random.setstate(state)


def write_gradient_flow(path: Path, flows: dict[str, dict[str, np.ndarray]]) -> None:
    """Write the flows, a row a distance and a column a model and state."""
    columns = {f"{name}_{state}": flow for state, by_name in flows.items() for name, flow in by_name.items()}
    rows = [
        [distance, *(f"{value:.6g}" for value in row)]
        for distance, row in enumerate(zip(*columns.values(), strict=True))
    ]
    write_table(path, ["distance", *columns], rows)
