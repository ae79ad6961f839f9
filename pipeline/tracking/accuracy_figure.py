"""Draw accuracy on test over minutes of training: a point for each model, a line for each published accuracy."""

import textwrap
from collections import Counter
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import LogLocator
from matplotlib.transforms import Bbox

from pipeline.support.figures import NEUTRAL, figure, line_colours, save
from pipeline.tracking.history import Run
from pipeline.tracking.published import Published, read_published

BASELINE = "TF-IDF of words and characters, logistic regression"
LINE_WIDTH = 42  # characters in a line of a label
LABEL_HEIGHT = 26  # points: two lines
DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]
OFFSETS = [(distance * x, distance * y) for distance in (7, 14, 24, 36, 50) for x, y in DIRECTIONS]  # points

XY = tuple[float, float]  # in points


class Point(NamedTuple):
    """A model in the figure; accuracy and spread (standard deviation over seeds, 0 for one seed) in percent."""

    model: str
    minutes: float
    accuracy: float
    spread: float

    @property
    def cell(self) -> str:
        return self.model.partition("-")[0]  # the rest is the preset


def draw_accuracy(path: Path, data: str, models: list[list[Run]]) -> None:
    """Draw one point for each model, and join the models of one cell by a line, in the order of their minutes.

    Args:
        models: for each model its runs, which differ in nothing but their seed; all of them on the same data.
    """
    points = sorted((mean_point(runs) for runs in models), key=lambda p: (p.cell, p.minutes))
    baseline = Published("baseline", round(100 * models[0][0].metrics["baseline_test_accuracy"], 1), BASELINE)
    published = read_published(data)
    drawing = figure(10, 6)
    drawing.set_dpi(72)  # then a pixel is a point, in which free places are looked for
    axes = drawing.subplots()
    axes.set(
        title=f"{data}: accuracy on test over minutes of learning",
        xlabel="minutes of learning, pretraining included (log scale)",
        ylabel="accuracy on test, %",
    )
    drawing.supxlabel(_note(data, points, published), fontsize=9, color=NEUTRAL)
    _draw_points(axes, points)
    _draw_levels(axes, baseline, published)
    # Positions in points are known after a layout only: once before the labels are placed, once with them in place.
    drawing.draw_without_rendering()
    _label_levels(axes, [baseline, *published])
    drawing.draw_without_rendering()
    _label_points(axes, points, [level.accuracy for level in (baseline, *published)])
    save(drawing, path)


def mean_point(runs: list[Run]) -> Point:
    """Return the mean over runs that differ in nothing but their seed."""
    accuracies = [100 * run.metrics["test_accuracy"] for run in runs]
    seconds = [run.metrics["pretrain_seconds"] + run.metrics["train_seconds"] for run in runs]
    return Point(runs[0].name, mean(seconds) / 60, mean(accuracies), stdev(accuracies) if len(runs) > 1 else 0)


def spread_out(heights: list[float], min_gap: float) -> list[float]:
    """Return ascending heights moved apart to at least `min_gap`, as far down as up.

    >>> spread_out([1, 2, 3, 9], 2)
    [0.0, 2.0, 4.0, 9.0]
    """
    raised = accumulate(heights, lambda below, height: max(height, below + min_gap))
    lowered = accumulate(reversed(heights), lambda above, height: min(height, above - min_gap))
    return [(up + down) / 2 for up, down in zip(raised, reversed([*lowered]), strict=True)]


def free_box(position: XY, size: XY, occupied: list[Bbox], page: Bbox) -> Bbox:
    """Return the box of this size that is nearest to a position, lies on the page and overlaps no occupied box.

    Without a free place, return the box to the right of the position.
    """
    boxes = [_box_beside(position, size, offset) for offset in OFFSETS]
    on_page = (box for box in boxes if all(page.contains(*corner) for corner in (box.min, box.max)))
    return next((box for box in on_page if not box.count_overlaps(occupied)), boxes[0])


def _box_beside(position: XY, size: XY, offset: XY) -> Bbox:
    """Return the box whose nearest edge or corner is `offset` away from a position."""
    left, bottom = (p + o - s * (o < 0) - s / 2 * (o == 0) for p, o, s in zip(position, offset, size, strict=True))
    return Bbox.from_bounds(left, bottom, *size)


def _note(data: str, points: list[Point], published: list[Published]) -> str:
    splits = (
        f"Published figures are on the official test split, the points and the baseline on {data} as ingested here."
    )
    bars = "Bars: standard deviation over seeds."
    return " ".join([splits] * bool(published) + [bars] * any(p.spread for p in points))


def _draw_points(axes: Axes, points: list[Point]) -> None:
    # Cells with several models first: they are lines, and the palette's first colours are the clearest.
    colours = line_colours(cell for cell, _ in Counter(p.cell for p in points).most_common())
    for cell, group in groupby(points, key=lambda p: p.cell):
        _, minutes, accuracies, spreads = zip(*group, strict=True)
        axes.errorbar(minutes, accuracies, spreads, fmt="o-", lw=1, capsize=3, color=colours[cell], zorder=4)
    axes.set_xscale("log")
    axes.set_xlim(min(p.minutes for p in points) / 2, max(p.minutes for p in points) * 2)  # room for the names
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()


def _draw_levels(axes: Axes, baseline: Published, published: list[Published]) -> None:
    axes.axhline(baseline.accuracy, color=NEUTRAL, linestyle="--", linewidth=1.5, zorder=0)
    for level in published:
        axes.axhline(level.accuracy, color=NEUTRAL, linestyle=":", linewidth=1, zorder=0)
    axes.margins(y=0.1)


def _label_levels(axes: Axes, levels: list[Published]) -> None:
    """Label each line at its right end; labels of close lines are moved apart."""
    levels = sorted(levels, key=lambda level: level.accuracy)
    low, high = axes.get_ylim()
    heights = spread_out([level.accuracy for level in levels], LABEL_HEIGHT * (high - low) / axes.bbox.height)
    for level, height in zip(levels, heights, strict=True):
        axes.annotate(
            textwrap.fill(f"{level.accuracy} {level.label} ({level.source})", LINE_WIDTH),
            xy=(1, level.accuracy),
            xytext=(1.03, height),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": NEUTRAL, "linewidth": 0.7, "relpos": (0, 0.5), "shrinkB": 0},
        )


def _label_points(axes: Axes, points: list[Point], levels: list[float]) -> None:
    """Write each model's name beside its point, where there is room off points, lines and other names."""
    occupied = [_error_bar_box(axes, p) for p in points] + [_level_box(axes, level) for level in levels]
    occupied += [box for p, q in pairwise(points) if p.cell == q.cell for box in _segment_boxes(axes, p, q)]
    for p in points:
        x, y = axes.transData.transform((p.minutes, p.accuracy))
        name = axes.annotate(
            p.model,
            (p.minutes, p.accuracy),
            (0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=10,
            arrowprops={"arrowstyle": "-", "color": NEUTRAL, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 5},
        )
        box = free_box((x, y), Text.get_window_extent(name).size, occupied, axes.bbox)
        name.xyann = ((box.x0 + box.x1) / 2 - x, (box.y0 + box.y1) / 2 - y)
        occupied.append(box)


def _error_bar_box(axes: Axes, p: Point) -> Bbox:
    ends = [(p.minutes, p.accuracy - p.spread), (p.minutes, p.accuracy + p.spread)]
    return Bbox(axes.transData.transform(ends)).padded(4)


def _segment_boxes(axes: Axes, p: Point, q: Point) -> list[Bbox]:
    """Return small boxes, some five points apart, along the line from one point to another."""
    start, end = axes.transData.transform([(p.minutes, p.accuracy), (q.minutes, q.accuracy)])
    positions = np.linspace(start, end, 2 + int(np.hypot(*(end - start)) / 5))
    return [Bbox([position, position]).padded(1) for position in positions]


def _level_box(axes: Axes, level: float) -> Bbox:
    return Bbox(axes.get_yaxis_transform().transform([(0, level), (1, level)])).padded(1)
