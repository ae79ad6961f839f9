"""Readings: what the network makes of a text piece by piece, and where context turns it round."""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes

from pipeline.batches import encode
from pipeline.errors import UserError
from pipeline.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save
from pipeline.model import positive
from pipeline.pieces import Pieces

SHORT, WIDTH = 14, 13  # pieces of a pair that half of a figure has room for; inches


class Reading(NamedTuple):
    """A text as the network reads it.

    Attributes:
        text: as it was given.
        ids: of the pieces that are read, int32 [pieces].
        pieces: the same as strings; "▁" marks where a word begins.
        positive: the probability of positive after each piece [pieces]: entry n is of the first n + 1 pieces alone.
    """

    text: str
    ids: np.ndarray
    pieces: list[str]
    positive: np.ndarray

    @property
    def labels(self) -> list[str]:
        """The pieces for figures, "_" for "▁", which their font lacks."""
        return [piece.replace("▁", "_") for piece in self.pieces]

    @property
    def flips(self) -> list[int]:
        """The pieces after which the verdict is another than before them.

        >>> Reading("", np.arange(4), [], np.array([0.4, 0.7, 0.8, 0.2])).flips
        [1, 3]
        """
        verdicts = self.positive >= 0.5
        return [n for n in range(1, len(verdicts)) if verdicts[n] != verdicts[n - 1]]


def read_prefixes(model: keras.Model, pieces: Pieces, text: str, longest: int) -> Reading:
    """Read the first piece of the text alone, then the first two, and so on to its end.

    Args:
        longest: pieces that the model reads; of a longer text the last ones.

    Raises:
        UserError: if the text holds no piece.
    """
    ids = encode(pieces, [text], longest).flat_values.numpy()
    if not len(ids):
        raise UserError(f"explain: {text!r}: no piece is left of it to read; give it words")
    lengths = range(1, len(ids) + 1)
    prefixes = tf.RaggedTensor.from_row_lengths(np.concatenate([ids[:n] for n in lengths]), lengths)
    return Reading(text, ids, [pieces.vocabulary[i] for i in ids], positive(model, prefixes))


def draw_readings(path: Path, readings: list[Reading]) -> None:
    """One panel a text, one above the other; a dotted line stands where the verdict flips."""
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


def draw_pairs(path: Path, pairs: dict[str, tuple[Reading, Reading]]) -> None:
    """A small panel a pair, by its title: the good member in blue, its pieces in the upper row, the bad one in red.

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


def _draw_pair(axes: Axes, title: str, pair: tuple[Reading, Reading], width: float) -> None:
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
