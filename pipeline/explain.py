"""explain: how the network reads two texts that share a phrase, piece by piece, as figures."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from pipeline.config import ExplainConfig
from pipeline.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save
from pipeline.model import load, positive
from pipeline.pieces import Pieces


def explain(config: ExplainConfig, tokenize: Path, train: Path, out: Path) -> dict[str, float]:
    """Write `reading.png` and, where the cell has gates, `gates_text.png` and `gates_against.png`.

    Returns:
        The probability of positive of the text and of the one against it.
    """
    pieces, model = Pieces(tokenize), load(train)
    texts = {"text": config.text, "against": config.against}
    readings = {name: read_prefixes(model, pieces, text) for name, text in texts.items()}
    draw_readings(out / "reading.png", pieces, texts, readings)
    for name, text in texts.items():
        if gates := trace_gates(model, pieces, text):
            draw_gates(out / f"gates_{name}.png", pieces, text, gates)
    return {f"explain_{name}_positive": float(reading[-1]) for name, reading in readings.items()}


def read_prefixes(model: keras.Model, pieces: Pieces, text: str) -> np.ndarray:
    """The probability of positive after each piece of the text: entry n is of the first n + 1 pieces alone."""
    ids = pieces.encode([text]).flat_values
    lengths = tf.range(1, len(ids) + 1)
    prefixes = tf.RaggedTensor.from_row_lengths(tf.concat([ids[:n] for n in lengths], axis=0), lengths)
    return positive(model, prefixes)


def trace_gates(model: keras.Model, pieces: Pieces, text: str) -> dict[str, np.ndarray]:
    """Each gate of the first recurrent layer, read left to right: name -> [pieces, units]; {} if it has none."""
    layer = model.get_layer("recurrent_0")
    forward = layer.forward_layer if isinstance(layer, keras.layers.Bidirectional) else layer
    inputs = model.get_layer("embedding")(pieces.encode([text]).to_tensor())
    states = forward.cell.get_initial_state(1)
    steps = []
    for time in range(inputs.shape[1]):
        steps.append(forward.cell.gates(inputs[:, time], states))
        _, states = forward.cell(inputs[:, time], states)
    return {name: np.concatenate([ops.convert_to_numpy(step[name]) for step in steps]) for name in steps[0]}


def tick_labels(pieces: Pieces, text: str) -> list[str]:
    """The pieces of a text, a word's first one marked with "_": the figures' font has no "▁"."""
    return [piece.replace("▁", "_") for piece in pieces.split(text)]


def draw_readings(path: Path, pieces: Pieces, texts: dict[str, str], readings: dict[str, np.ndarray]) -> None:
    longest = max(len(reading) for reading in readings.values())
    drawing = figure(max(9, 0.6 * longest), 5.6)
    for axes, (name, text) in zip(drawing.subplots(len(texts), 1, sharey=True), texts.items(), strict=True):
        reading, shown = readings[name], tick_labels(pieces, text)
        axes.axhline(0.5, color=NEUTRAL, linewidth=1)
        colours = [POSITIVE if p >= 0.5 else NEGATIVE for p in reading]
        axes.plot(reading, color=NEUTRAL, zorder=1)
        axes.scatter(range(len(reading)), reading, color=colours, zorder=2)
        for at, probability in enumerate(reading):
            axes.annotate(
                f"{probability:.2f}", (at, probability), (0, 7), textcoords="offset points", ha="center", fontsize=8
            )
        axes.set(title=f"{text}   {reading[-1]:.2f}", ylim=(-0.05, 1.15), ylabel="positive")
        axes.set_xticks(range(len(shown)), shown)
    drawing.suptitle("What is read so far decides: the probability of positive after each piece")
    save(drawing, path)


def draw_gates(path: Path, pieces: Pieces, text: str, gates: dict[str, np.ndarray]) -> None:
    """One heat map a gate, the 24 units that vary most over the text on top of one another."""
    shown = tick_labels(pieces, text)
    drawing = figure(1.6 + 0.75 * len(shown), 2.2 * len(gates))
    for axes, (name, values) in zip(np.atleast_1d(drawing.subplots(len(gates), 1)), gates.items(), strict=True):
        telling = np.argsort(-values.std(axis=0))[:24]
        signed = values.min() < 0
        image = axes.imshow(
            values[:, telling].T, aspect="auto", cmap="RdBu" if signed else "Blues", vmin=-1 if signed else 0, vmax=1
        )
        axes.set(title=f"{name} gate" if not signed else name, ylabel="units", yticks=[])
        axes.set_xticks(range(len(shown)), shown)
        drawing.colorbar(image, ax=axes)
    drawing.suptitle(text)
    save(drawing, path)
