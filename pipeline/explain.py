"""explain: how the network reads, what it remembers and how well that serves it, as figures and one page."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.attribution import Attribution, attribute
from pipeline.batches import encode, pad
from pipeline.config import ExplainConfig
from pipeline.figures import NEUTRAL, figure, line_colours, save
from pipeline.gates import draw_gates, first_layer, trace_gates
from pipeline.gradient_flow import SEED, draw_gradient_flow, gradient_flow
from pipeline.manifest import read_manifest
from pipeline.model import load
from pipeline.pieces import Pieces
from pipeline.readings import Reading, draw_pairs, draw_readings, read_prefixes
from pipeline.report import write_report
from pipeline.reviews import read_reviews
from pipeline.tables import read_table, write_table


def explain(
    config: ExplainConfig,
    ingest: Path,
    tokenize: Path,
    train: Path,
    evaluate: Path,
    others: dict[str, Path],
    out: Path,
) -> dict[str, float]:
    """Write `report.html`, the figures and tables that it shows, and no gates where the cell has none.

    Args:
        others: other models, by name: folders that hold their `train` and `evaluate`. They are shown beside this one.

    Returns:
        The probability of positive of the text and of the one against it, what integrated gradients leave unexplained
        of their logits, and the trained cell's gradient flow from the last piece back to the first.
    """
    pieces, model, trained = Pieces(tokenize), load(train), read_manifest(train)
    own, longest = str(trained.model), trained.config["longest"]
    measured = {own: evaluate} | {name: folder / "evaluate" for name, folder in others.items()}

    texts = {"text": config.text, "against": config.against}
    readings = {name: read_prefixes(model, pieces, text, longest) for name, text in texts.items()}
    draw_readings(out / "reading.png", list(readings.values()))
    draw_pairs(out / "pairs.png", read_pair_of_each_category(model, pieces, longest, evaluate / "pairs.tsv"))

    attributions = {name: attribute(model, reading.ids) for name, reading in readings.items()}
    write_attributions(out / "attribution.tsv", readings, attributions)
    gates = {name: trace_gates(model, reading.ids) for name, reading in readings.items()}
    for name in [name for name in gates if gates[name]]:
        draw_gates(out / f"gates_{name}.png", readings[name], gates[name])

    models = {own: model} | {name: load(folder / "train") for name, folder in others.items()}
    ids = longest_reviews(pieces, read_reviews(ingest, "dev").texts, config.flow_reviews, config.flow_pieces)
    flows = trace_gradients(models, ids)
    draw_gradient_flow(out / "gradient_flow.png", flows)
    _write_gradient_flow(out / "gradient_flow.tsv", flows)
    draw_distance(out / "distance.png", {name: folder / "distance.tsv" for name, folder in measured.items()})

    write_report(out, trained.data, measured, readings, attributions, list(gates["text"]))
    return {
        **{f"explain_{name}_positive": float(reading.positive[-1]) for name, reading in readings.items()},
        **{f"explain_{name}_residual": attribution.residual for name, attribution in attributions.items()},
        "gradient_flow_far": float(flows["trained"][own][-1]),
    }


def read_pair_of_each_category(
    model: keras.Model, pieces: Pieces, longest: int, path: Path
) -> dict[str, tuple[Reading, Reading]]:
    """The good and the bad member of the first pair of each category that evaluate found unseen, by a title."""
    first = {row["category"]: row for row in reversed(read_table(path))}
    return {
        f"{category}: {row['phrase']}": (
            read_prefixes(model, pieces, row["pos"], longest),
            read_prefixes(model, pieces, row["neg"], longest),
        )
        for category, row in reversed(first.items())
    }


def write_attributions(path: Path, readings: dict[str, Reading], attributions: dict[str, Attribution]) -> None:
    rows = [
        [name, piece, float(gradients), float(occluded)]
        for name, (by_gradients, by_occlusion, _) in attributions.items()
        for piece, gradients, occluded in zip(readings[name].pieces, by_gradients, by_occlusion, strict=True)
    ]
    write_table(path, ["text", "piece", "integrated_gradients", "occlusion"], rows)


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


def _write_gradient_flow(path: Path, flows: dict[str, dict[str, np.ndarray]]) -> None:
    columns = {f"{name}_{state}": flow for state, by_name in flows.items() for name, flow in by_name.items()}
    rows = [
        [distance, *(f"{value:.6g}" for value in row)]
        for distance, row in enumerate(zip(*columns.values(), strict=True))
    ]
    write_table(path, ["distance", *columns], rows)


def draw_distance(path: Path, tables: dict[str, Path]) -> None:
    """Consistency over the distance between phrase and context, a line a model, from their `distance.tsv`.

    The interval of the first model is shaded; the baseline is the same for all, and dashed.
    """
    drawing = figure(8, 4.5)
    axes = drawing.subplots()
    for name, colour in line_colours(tables).items():
        rows = read_table(tables[name])
        distances = [int(row["distance"]) for row in rows]
        axes.plot(distances, [float(row["consistency"]) for row in rows], color=colour, marker="o", label=name)
        if name == next(iter(tables)):
            low, high = ([float(row[bound]) for row in rows] for bound in ("low", "high"))
            axes.fill_between(distances, low, high, color=colour, alpha=0.15, linewidth=0)
            baseline = [float(row["baseline_consistency"]) for row in rows]
            axes.plot(distances, baseline, color=NEUTRAL, linestyle="--", label="baseline")
    axes.axhline(0.25, color=NEUTRAL, linewidth=1, linestyle=":", label="guessing")
    axes.set(ylim=(-0.02, 1.02), xlabel="d, pieces between context and phrase", ylabel="pairs with both members right")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    drawing.suptitle("How far context carries")
    save(drawing, path)
