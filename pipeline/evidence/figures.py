"""The figures of evaluate: confusion and calibration on test, and where the ambiguous phrases stand."""

from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix

from pipeline.evidence.measurement import PerModel
from pipeline.evidence.occlusion import OcclusionEffect
from pipeline.evidence.phrases import Phrase
from pipeline.evidence.registry import MODELS
from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save


def draw_confusion(path: Path, labels: np.ndarray, on_test: PerModel) -> None:
    """Draw one matrix a model, counts and shares of each row."""
    drawing = figure(7, 3.4)
    for axes, who in zip(drawing.subplots(1, 2), MODELS, strict=True):
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


def draw_calibration(path: Path, bins: int, labels: np.ndarray, on_test: PerModel) -> None:
    """Draw how often a review is good over how probably a model says so."""
    drawing = figure(5, 4.4)
    axes = drawing.subplots()
    axes.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1, label="as often as said")
    for who, colour in zip(MODELS, (POSITIVE, NEGATIVE), strict=True):
        bin_of = np.minimum((on_test[who] * bins).astype(int), bins - 1)
        filled = np.unique(bin_of)
        predicted = [on_test[who][bin_of == b].mean() for b in filled]
        observed = [labels[bin_of == b].mean() for b in filled]
        axes.plot(predicted, observed, marker="o", color=colour, label=who)
    axes.set(title="Calibration on test", xlabel="probability of positive", ylabel="share that is positive")
    axes.legend()
    save(drawing, path)


def draw_phrases(path: Path, phrases: list[Phrase], effects: dict[str, OcclusionEffect]) -> None:
    """Draw each phrase by its balance and the spread of its effects on the network; named where there is room."""
    drawing = figure(9, 6.5)
    axes = drawing.subplots()
    axes.axvline(0.5, color=NEUTRAL, linewidth=1)
    spread = [effects[phrase.text].spread for phrase in phrases]
    axes.scatter(
        [p.positive for p in phrases],
        spread,
        [4 + p.neighbour_polarity * 30 for p in phrases],
        color=POSITIVE,
        alpha=0.4,
    )
    named: list[tuple[float, float]] = []
    for phrase, height in zip(phrases, spread, strict=True):
        at = (phrase.positive, height)
        if all(abs(at[0] - x) > 0.016 or abs(at[1] - y) > 0.02 * max(spread) for x, y in named):  # else they overlap
            axes.annotate(phrase.text, at, (3, 3), textcoords="offset points", fontsize=8)
            named.append(at)
    axes.set(
        title=f"{len(phrases)} ambiguous phrases of train",
        xlabel="share of good reviews among those that hold it, classes balanced",
        ylabel="spread of its effect on the network (standard deviation, logits)",
    )
    save(drawing, path)
