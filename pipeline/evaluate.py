"""evaluate: the network and the baseline on the test split and on minimal pairs, side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix

from pipeline.baseline import baseline_positive, fit_baseline
from pipeline.batches import encode
from pipeline.config import EvaluateConfig
from pipeline.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save
from pipeline.manifest import read_manifest
from pipeline.metrics import classification_metrics, consistency, ranked
from pipeline.model import load, positive
from pipeline.pairs import Pair, read_pairs
from pipeline.pieces import Pieces
from pipeline.reviews import Reviews, normalize, read_reviews

Readings = dict[str, np.ndarray]  # who read ("model" or "baseline") -> probability of positive per text


def evaluate(config: EvaluateConfig, ingest: Path, tokenize: Path, train: Path, out: Path) -> dict[str, float]:
    """Write `lengths.tsv`, `errors.tsv`, `pairs.tsv`, `categories.tsv`, `confusion.png` and `calibration.png`.

    Returns:
        Every measure of `classification_metrics` on test and the consistency on pairs, of the network and, with
        `baseline_` before the name, of the baseline; and how many pairs were left out for being in train.
    """
    pieces, model = Pieces(tokenize), load(train)
    longest = read_manifest(train).config["longest"]
    test, training = read_reviews(ingest, "test"), read_reviews(ingest, "train")
    baseline = fit_baseline(config.baseline, training)
    every_pair = read_pairs(config.pairs)
    pairs = unseen_pairs(every_pair, {normalize(text) for text in training.texts})

    def read(texts: list[str]) -> Readings:
        return {
            "model": positive(model, encode(pieces, texts, longest)),
            "baseline": baseline_positive(baseline, texts),
        }

    on_test, on_pos, on_neg = read(test.texts), read([p.pos for p in pairs]), read([p.neg for p in pairs])
    lengths = pieces.encode(test.texts).row_lengths().numpy()
    _write_lengths(out / "lengths.tsv", config.length_buckets, lengths, test.labels, on_test)
    _write_errors(out / "errors.tsv", config.worst_errors, test, on_test)
    _write_pairs(out / "pairs.tsv", pairs, on_pos, on_neg)
    _write_categories(out / "categories.tsv", pairs, on_pos, on_neg)
    _draw_confusion(out / "confusion.png", test.labels, on_test)
    _draw_calibration(out / "calibration.png", config.calibration_bins, test.labels, on_test)

    metrics = {"pairs": float(len(pairs)), "pairs_left_out": float(len(every_pair) - len(pairs))}
    for who, prefix in (("model", ""), ("baseline", "baseline_")):
        measured = classification_metrics(test.labels, on_test[who], config.calibration_bins)
        metrics |= {f"{prefix}test_{name}": value for name, value in measured.items()}
        metrics[f"{prefix}pair_consistency"] = consistency(on_pos[who], on_neg[who])
        metrics[f"{prefix}pair_ranked"] = ranked(on_pos[who], on_neg[who])
    return metrics


def unseen_pairs(pairs: list[Pair], training_texts: set[str]) -> list[Pair]:
    """The pairs of which neither text is a review of train."""
    return [p for p in pairs if not {normalize(p.pos), normalize(p.neg)} & training_texts]


def _write_table(path: Path, header: list[str], rows: Sequence[Sequence[object]]) -> None:
    def cell(value: object) -> str:
        return f"{value:.4f}" if isinstance(value, float) else str(value).replace("\t", " ").replace("\n", " ")

    path.write_text("".join("\t".join(map(cell, row)) + "\n" for row in [header, *rows]), "utf-8")


def _write_lengths(path: Path, bounds: list[int], lengths: np.ndarray, labels: np.ndarray, on_test: Readings) -> None:
    bucket_of = np.searchsorted(bounds, lengths, side="left")
    rows: list[list[object]] = []
    for bucket in np.unique(bucket_of):
        inside = bucket_of == bucket
        shown = f"<= {bounds[bucket]}" if bucket < len(bounds) else f"> {bounds[-1]}"
        accuracies = [float(((on_test[who] >= 0.5) == labels)[inside].mean()) for who in ("model", "baseline")]
        rows.append([shown, int(inside.sum()), *accuracies])
    _write_table(path, ["pieces", "reviews", "accuracy", "baseline_accuracy"], rows)


def _write_errors(path: Path, count: int, test: Reviews, on_test: Readings) -> None:
    """The reviews that the network is most wrong about; how the baseline reads them stands beside."""
    wrongness = np.abs(on_test["model"] - test.labels)
    worst = [i for i in np.argsort(-wrongness, kind="stable")[:count] if wrongness[i] > 0.5]
    rows = [
        [int(test.labels[i]), float(on_test["model"][i]), float(on_test["baseline"][i]), test.texts[i]] for i in worst
    ]
    _write_table(path, ["label", "positive", "baseline_positive", "text"], rows)


def _write_pairs(path: Path, pairs: list[Pair], on_pos: Readings, on_neg: Readings) -> None:
    readings = (on_pos["model"], on_neg["model"], on_pos["baseline"], on_neg["baseline"])
    rows = [
        [pair.category, pair.phrase, *(float(r[i]) for r in readings), pair.pos, pair.neg]
        for i, pair in enumerate(pairs)
    ]
    header = ["category", "phrase", "pos_positive", "neg_positive", "baseline_pos_positive", "baseline_neg_positive"]
    _write_table(path, [*header, "pos", "neg"], rows)


def _write_categories(path: Path, pairs: list[Pair], on_pos: Readings, on_neg: Readings) -> None:
    rows: list[list[object]] = []
    for category in sorted({pair.category for pair in pairs}):
        inside = np.array([pair.category == category for pair in pairs])
        shares = [
            measure(on_pos[who][inside], on_neg[who][inside])
            for who in ("model", "baseline")
            for measure in (consistency, ranked)
        ]
        rows.append([category, int(inside.sum()), *shares])
    header = ["category", "pairs", "consistency", "ranked", "baseline_consistency", "baseline_ranked"]
    _write_table(path, header, rows)


def _draw_confusion(path: Path, labels: np.ndarray, on_test: Readings) -> None:
    drawing = figure(7, 3.4)
    for axes, who in zip(drawing.subplots(1, 2), ("model", "baseline"), strict=True):
        counts = confusion_matrix(labels, on_test[who] >= 0.5, labels=[0, 1])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(2, 2):
            shown = f"{counts[row, column]:,}\n{shares[row, column]:.1%}"
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, shown, ha="center", va="center", color=colour)
        axes.set(title=who, xlabel="read as", ylabel="is", xticks=[0, 1], yticks=[0, 1])
        axes.set_xticklabels(["neg", "pos"])
        axes.set_yticklabels(["neg", "pos"])
    save(drawing, path)


def _draw_calibration(path: Path, bins: int, labels: np.ndarray, on_test: Readings) -> None:
    drawing = figure(5, 4.4)
    axes = drawing.subplots()
    axes.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1, label="as often as said")
    for who, colour in (("model", POSITIVE), ("baseline", NEGATIVE)):
        bin_of = np.minimum((on_test[who] * bins).astype(int), bins - 1)
        filled = np.unique(bin_of)
        said = [on_test[who][bin_of == b].mean() for b in filled]
        happened = [labels[bin_of == b].mean() for b in filled]
        axes.plot(said, happened, marker="o", color=colour, label=who)
    axes.set(title="Calibration on test", xlabel="probability of positive", ylabel="share that is positive")
    axes.legend()
    save(drawing, path)
