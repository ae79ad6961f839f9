"""explain: how the network reads two texts that share a phrase, and how far back it could learn from, as figures."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.batches import encode, pad
from pipeline.config import ExplainConfig
from pipeline.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save
from pipeline.gradient_flow import SEED, draw_gradient_flow, gradient_flow
from pipeline.manifest import read_manifest
from pipeline.model import load, positive
from pipeline.pieces import Pieces
from pipeline.reviews import read_reviews


def explain(
    config: ExplainConfig, ingest: Path, tokenize: Path, train: Path, others: dict[str, Path], out: Path
) -> dict[str, float]:
    """Write `reading.png`, `gradient_flow.png`, `gradient_flow.tsv` and, where the cell has gates, `gates_text.png`
    and `gates_against.png`.

    Args:
        others: the `train` artifacts of other cells, by name; their gradient flow is drawn beside this one's.

    Returns:
        The probability of positive of the text and of the one against it, and the trained cell's gradient flow from
        the last piece back to the first.
    """
    pieces, model = Pieces(tokenize), load(train)
    texts = {"text": config.text, "against": config.against}
    readings = {name: read_prefixes(model, pieces, text) for name, text in texts.items()}
    draw_readings(out / "reading.png", pieces, texts, readings)
    for name, text in texts.items():
        if gates := trace_gates(model, pieces, text):
            draw_gates(out / f"gates_{name}.png", pieces, text, gates)

    own = str(read_manifest(train).cell)
    models = {own: model} | {other: load(folder) for other, folder in others.items()}
    ids = longest_reviews(pieces, read_reviews(ingest, "dev").texts, config.flow_reviews, config.flow_pieces)
    flows = trace_gradients(models, ids)
    draw_gradient_flow(out / "gradient_flow.png", flows)
    _write_gradient_flow(out / "gradient_flow.tsv", flows)
    positives = {f"explain_{name}_positive": float(reading[-1]) for name, reading in readings.items()}
    return positives | {"gradient_flow_far": float(flows["trained"][own][-1])}


def read_prefixes(model: keras.Model, pieces: Pieces, text: str) -> np.ndarray:
    """The probability of positive after each piece of the text: entry n is of the first n + 1 pieces alone."""
    ids = pieces.encode([text]).flat_values
    lengths = tf.range(1, len(ids) + 1)
    prefixes = tf.RaggedTensor.from_row_lengths(tf.concat([ids[:n] for n in lengths], axis=0), lengths)
    return positive(model, prefixes)


def trace_gates(model: keras.Model, pieces: Pieces, text: str) -> dict[str, np.ndarray]:
    """The gates of the first recurrent layer, read left to right, and its memory c where it has one: name ->
    [pieces, units]; {} if it has neither."""
    traced = first_layer(model).trace(model.get_layer("embedding")(pieces.encode([text]).to_tensor()))
    return {name: values[0].numpy() for name, values in traced.items() if name != "h"}


def longest_reviews(pieces: Pieces, texts: list[str], reviews: int, longest: int) -> tf.Tensor:
    """Ids [reviews, time] without padding: the longest reviews, all cut to the last pieces that each of them has."""
    ids = encode(pieces, texts, longest)
    lengths = ids.row_lengths().numpy()
    rows = np.argsort(-lengths, kind="stable")[:reviews]
    return pad(tf.gather(ids, rows)[:, -max(1, int(lengths[rows].min())) :])


def trace_gradients(models: dict[str, keras.Model], ids: tf.Tensor) -> dict[str, dict[str, np.ndarray]]:
    """The gradient flow through each model's first cell, reading its embeddings of `ids`, as "untrained" and "trained".

    Untrained is a fresh cell of the same configuration. Both read the trained embeddings: what differs is the cell.
    """
    flows: dict[str, dict[str, np.ndarray]] = {"untrained": {}, "trained": {}}
    for name, model in models.items():
        trained, inputs = first_layer(model).cell, model.get_layer("embedding")(ids)
        # In float32, whatever it was trained in: float16 holds nothing below 1e-7.
        cell = type(trained).from_config(trained.get_config() | {"dtype": "float32"})
        keras.utils.set_random_seed(SEED)
        cell.build(inputs[:, 0].shape)
        flows["untrained"][name] = gradient_flow(cell, inputs)
        cell.set_weights(trained.get_weights())
        flows["trained"][name] = gradient_flow(cell, inputs)
    return flows


def first_layer(model: keras.Model) -> keras.layers.Layer:
    """The first recurrent layer, the direction that reads left to right."""
    layer = model.get_layer("recurrent_0")
    return layer.forward_layer if isinstance(layer, keras.layers.Bidirectional) else layer


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
        most = max(1, np.abs(values).max())  # a memory, or a candidate that no tanh bounds, may be larger than 1
        image = axes.imshow(
            values[:, telling].T,
            aspect="auto",
            cmap="RdBu" if signed else "Blues",
            vmin=-most if signed else 0,
            vmax=most,
        )
        axes.set(title=name if signed else f"{name} gate", ylabel="units", yticks=[])
        axes.set_xticks(range(len(shown)), shown)
        drawing.colorbar(image, ax=axes)
    drawing.suptitle(text)
    save(drawing, path)


def _write_gradient_flow(path: Path, flows: dict[str, dict[str, np.ndarray]]) -> None:
    columns = {f"{name}_{state}": flow for state, by_name in flows.items() for name, flow in by_name.items()}
    rows = zip(*columns.values(), strict=True)
    lines = ["\t".join(["distance", *columns])]
    lines += ["\t".join([str(distance), *(f"{value:.6g}" for value in row)]) for distance, row in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
