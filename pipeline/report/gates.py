"""Gates: what the first recurrent layer lets in, keeps and lets out at each piece of a text."""

from pathlib import Path

import keras
import numpy as np

from pipeline.layers.recurrent import Recurrent, forward_direction
from pipeline.model.encoder import find_layer
from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.support.figures import figure, save

UNITS = 24  # drawn of each gate: those that vary most over the text


def first_layer(model: keras.Model) -> Recurrent:
    """Return the first recurrent layer, the direction that reads left to right."""
    return forward_direction(find_layer(model, "recurrent_0"))


def trace_gates(model: keras.Model, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Return the gates of the first recurrent layer, read left to right, and its memory c where it has one.

    Shapes:
        ids [pieces] -> each by its name [pieces, units]; {} if it has neither.
    """
    traced = first_layer(model).trace(model.get_layer("embedding")(ids[None]))
    return {name: values[0].numpy() for name, values in traced.items() if name != "h"}


def draw_gates(path: Path, reading: PrefixPredictions, gates: dict[str, np.ndarray]) -> None:
    """Draw one heat map a gate, the units that vary most over the text on top of one another."""
    drawing = figure(1.6 + 0.75 * len(reading.ids), 2.2 * len(gates))
    for axes, (name, values) in zip(np.atleast_1d(drawing.subplots(len(gates), 1)), gates.items(), strict=True):
        telling = np.argsort(-values.std(axis=0))[:UNITS]
        signed = values.min() < 0
        most = max(1, np.abs(values).max())  # a memory, or a candidate that no tanh bounds, may be larger than 1
        image = axes.imshow(
            values[:, telling].T,
            aspect="auto",
            cmap="RdBu" if signed else "Blues",
            vmin=-most if signed else 0,
            vmax=most,
        )
        axes.set(title=name if signed else f"{name} gate", ylabel="units", yticks=[])
        axes.set_xticks(range(len(reading.ids)), reading.labels)
        drawing.colorbar(image, ax=axes)
    drawing.suptitle(reading.text)
    save(drawing, path)
