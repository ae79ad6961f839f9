"""Figures of prefix predictions: one text, or pairs of texts, piece by piece."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save

SHORT, WIDTH = 14, 13  # pieces of a pair that half of a figure has room for; inches


def draw_readings(path: Path, readings: list[PrefixPredictions]) -> None:
    """Draw one panel a text, one above the other; a dotted line stands where the predicted label flips."""
    drawing = figure(max(9, 0.6 * max(len(reading.ids) for reading in readings)), 2.8 * len(readings))
    panels = np.atleast_1d(drawing.subplots(len(readings), 1, sharey=True))
    for axes, reading in zip(panels, readings, strict=True):
        axes.axhline(0.5, color=NEUTRAL, linewidth=1)
        colours = [POSITIVE if p >= 0.5 else NEGATIVE for p in reading.positive]
        axes.plot(reading.positive, color=NEUTRAL, zorder=1)
        axes.scatter(range(len(reading.ids)), reading.positive, color=colours, zorder=2)
        for at, probability in enumerate(reading.positive):
            axes.annotate(
                f"{probability:.2f}", (at, probability), (0, 7), textcoords="offset points", ha="center", fontsize=8
            )
        for at in reading.flips:
            axes.axvline(at - 0.5, color=NEUTRAL, linestyle=":", zorder=0)
        axes.set(title=f"{reading.text}   {reading.positive[-1]:.2f}", ylim=(-0.05, 1.15), ylabel="positive")
        axes.set_xticks(range(len(reading.ids)), reading.labels)
    drawing.suptitle("What is read so far decides: the probability of positive after each piece")
    save(drawing, path)


def draw_pairs(path: Path, pairs: dict[str, tuple[PrefixPredictions, PrefixPredictions]]) -> None:
    """Draw a small panel a pair, by its title: the good member and its upper row of pieces blue, the bad one red.

    Two pairs stand side by side; a long one has a row of its own, below.
    """
    lengths = {title: max(len(reading.ids) for reading in pair) for title, pair in pairs.items()}
    short = [title for title in pairs if lengths[title] <= SHORT]
    long = [title for title in pairs if lengths[title] > SHORT]
    first_long = -(-len(short) // 2)
    drawing = figure(WIDTH, 2.4 * max(1, first_long + len(long)))
    grid = drawing.add_gridspec(max(1, first_long + len(long)), 2)
    for n, title in enumerate(short):
        _draw_pair(drawing.add_subplot(grid[n // 2, n % 2]), title, pairs[title], WIDTH / 2)
    for n, title in enumerate(long):
        _draw_pair(drawing.add_subplot(grid[first_long + n, :]), title, pairs[title], WIDTH)
    drawing.supylabel("positive")
    drawing.suptitle("One phrase, two contexts: the probability of positive after each piece")
    save(drawing, path)


def _draw_pair(axes: Axes, title: str, pair: tuple[PrefixPredictions, PrefixPredictions], width: float) -> None:
    """Draw on axes that are so many inches wide: the labels are as large as the room for a piece allows."""
    pieces = max(len(reading.ids) for reading in pair)
    widest = max(sum(0.6 if letter.isascii() else 1 for letter in label) for r in pair for label in r.labels)
    size = min(9, 0.85 * width * 72 / pieces / widest)
    axes.axhline(0.5, color=NEUTRAL, linewidth=1)
    for reading, colour, row in zip(pair, (POSITIVE, NEGATIVE), (-0.1, -0.22), strict=True):
        axes.plot(reading.positive, color=colour, marker="o", markersize=4)
        last = (len(reading.ids) - 1, reading.positive[-1])
        axes.annotate(f"{last[1]:.2f}", last, (6, -3), textcoords="offset points", color=colour, fontsize=9)
        for at, label in enumerate(reading.labels):
            place = ("data", "axes fraction")
            axes.annotate(label, (at, row), xycoords=place, ha="center", color=colour, fontsize=size)
    axes.set(title=title, ylim=(-0.05, 1.05), xlim=(-0.5, 1.06 * pieces - 0.5), xticks=[])
