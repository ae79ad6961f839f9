"""The figure of compare: accuracy on test over minutes of learning; the baseline and published figures are lines."""

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
LINE_WIDTH = 42  # letters in a line of a label
LABEL_HEIGHT = 26  # points: two lines
DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]
PLACES = [(distance * x, distance * y) for distance in (7, 14, 24, 36, 50) for x, y in DIRECTIONS]  # points

Pair = tuple[float, float]  # of x and y, in points


class Point(NamedTuple):
    model: str
    minutes: float
    accuracy: float  # %
    spread: float  # standard deviation over seeds, %; 0 of one seed

    @property
    def cell(self) -> str:
        return self.model.partition("-")[0]  # what follows is the preset


def draw_accuracy(path: Path, data: str, models: list[list[Run]]) -> None:
    """One point a model; the models of one cell are joined, in the order of the minutes that they take.

    Args:
        models: of each model the runs that differ in nothing but their seed; all measured on the same data.
    """
    points = sorted((point(runs) for runs in models), key=lambda p: (p.cell, p.minutes))
    baseline = Published("baseline", round(100 * models[0][0].metrics["baseline_test_accuracy"], 1), BASELINE)
    published = read_published(data)
    drawing = figure(10, 6)
    drawing.set_dpi(72)  # a pixel is a point, while places are looked for
    axes = drawing.subplots()
    axes.set(
        title=f"{data}: accuracy on test over minutes of learning",
        xlabel="minutes of learning, pretraining included (log scale)",
        ylabel="accuracy on test, %",
    )
    drawing.supxlabel(_note(data, points, published), fontsize=9, color=NEUTRAL)
    _draw_points(axes, points)
    _draw_levels(axes, baseline, published)
    drawing.draw_without_rendering()  # lays out, so that heights can be measured, and again with the labels beside
    _name_levels(axes, [baseline, *published])
    drawing.draw_without_rendering()
    _name_points(axes, points, [level.accuracy for level in (baseline, *published)])
    save(drawing, path)


def point(runs: list[Run]) -> Point:
    """The mean over runs that differ in nothing but their seed."""
    accuracies = [100 * run.metrics["test_accuracy"] for run in runs]
    seconds = [run.metrics["pretrain_seconds"] + run.metrics["train_seconds"] for run in runs]
    return Point(runs[0].name, mean(seconds) / 60, mean(accuracies), stdev(accuracies) if len(runs) > 1 else 0)


def spread_out(heights: list[float], least: float) -> list[float]:
    """Ascending heights, moved where they are less than `least` apart: as far down as up.

    >>> spread_out([1, 2, 3, 9], 2)
    [0.0, 2.0, 4.0, 9.0]
    """
    raised = accumulate(heights, lambda below, height: max(height, below + least))
    lowered = accumulate(reversed(heights), lambda above, height: min(height, above - least))
    return [(up + down) / 2 for up, down in zip(raised, reversed([*lowered]), strict=True)]


def free_place(at: Pair, size: Pair, taken: list[Bbox], within: Bbox) -> Bbox:
    """The box of that size, as near to a point as may be, that overlaps none; right of the point if all do."""
    boxes = [_beside(at, size, place) for place in PLACES]
    inside = (box for box in boxes if all(within.contains(*corner) for corner in (box.min, box.max)))
    return next((box for box in inside if not box.count_overlaps(taken)), boxes[0])


def _beside(at: Pair, size: Pair, place: Pair) -> Bbox:
    """The box whose nearest edge or corner is `place` away from a point."""
    left, bottom = (a + p - s * (p < 0) - s / 2 * (p == 0) for a, p, s in zip(at, place, size, strict=True))
    return Bbox.from_bounds(left, bottom, *size)


def _note(data: str, points: list[Point], published: list[Published]) -> str:
    on = f"Published figures are on the official test split, the points and the baseline on {data} as ingested here."
    bars = "Bars: standard deviation over seeds."
    return " ".join([on] * bool(published) + [bars] * any(p.spread for p in points))


def _draw_points(axes: Axes, points: list[Point]) -> None:
    colours = line_colours(cell for cell, _ in Counter(p.cell for p in points).most_common())  # curves: the clearest
    for cell, of_cell in groupby(points, key=lambda p: p.cell):
        _, minutes, accuracies, spreads = zip(*of_cell, strict=True)
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


def _name_levels(axes: Axes, levels: list[Published]) -> None:
    """Say at the right end of each line what it is; where lines are close, their names stand apart."""
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


def _name_points(axes: Axes, points: list[Point], levels: list[float]) -> None:
    """Write each model's name beside its point, off points, curves, lines and names as far as there is room."""
    taken = [_around(axes, p) for p in points] + [_along(axes, level) for level in levels]
    taken += [box for p, q in pairwise(points) if p.cell == q.cell for box in _between(axes, p, q)]
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
        box = free_place((x, y), Text.get_window_extent(name).size, taken, axes.bbox)
        name.xyann = ((box.x0 + box.x1) / 2 - x, (box.y0 + box.y1) / 2 - y)
        taken.append(box)


def _around(axes: Axes, p: Point) -> Bbox:
    """The place that a point and its bar take."""
    ends = [(p.minutes, p.accuracy - p.spread), (p.minutes, p.accuracy + p.spread)]
    return Bbox(axes.transData.transform(ends)).padded(4)


def _between(axes: Axes, p: Point, q: Point) -> list[Bbox]:
    """The places that the curve from one point to another takes: small boxes, a few points apart."""
    start, end = axes.transData.transform([(p.minutes, p.accuracy), (q.minutes, q.accuracy)])
    steps = np.linspace(start, end, 2 + int(np.hypot(*(end - start)) / 5))
    return [Bbox([step, step]).padded(1) for step in steps]


def _along(axes: Axes, level: float) -> Bbox:
    """The place that a line takes."""
    return Bbox(axes.get_yaxis_transform().transform([(0, level), (1, level)])).padded(1)
