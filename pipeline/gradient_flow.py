"""Gradient flow: how much of the gradient at the end of a sequence comes back to what the cell held long before."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.cells import Cell
from pipeline.figures import NEUTRAL, figure, line_colours, save

SEED = 1
FLOOR = 1e-12  # drawn for anything less: beside a gradient of 1 it moves no weight


def gradient_flow(cell: Cell, inputs: Any) -> np.ndarray:
    """|dL/dh_{T-d}| by distance d from the last step T: the mean over the rows.

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
    """Unit vectors [rows, units], the same at every call."""
    directions = np.random.default_rng(SEED).normal(size=(rows, units))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def draw_gradient_flow(path: Path, panels: dict[str, dict[str, np.ndarray]]) -> None:
    """A panel a title, a line a cell: `{"untrained": {"lstm": flow}, "trained": {"lstm": flow}}`, on a log scale."""
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
