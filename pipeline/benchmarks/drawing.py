"""The tables and the figure of the benchmark of layers."""

import os
import statistics
from pathlib import Path

from matplotlib.axes import Axes
from rich.table import Table

from pipeline.benchmarks.entries import CONTENDERS, INPUTS, SIBLINGS, UNITS, Entry, Point
from pipeline.benchmarks.timing import plain_table
from pipeline.support.figures import NEGATIVE, POSITIVE, figure, save


def layers_table(entries: list[Entry]) -> Table:
    """Return a table with a row for each cell, direction and shape, and a column for each contender."""
    peak = statistics.median(e.gflops / e.fraction_of_peak for e in entries)
    title = f"ms, and fraction of the matrix-product peak of {peak:.0f} GFLOP/s; input {INPUTS}, units {UNITS}"
    table = plain_table(title, ["cell", "direction"], ["batch x time", *CONTENDERS, "keras/ours", "torch/ours"])
    rows: dict[tuple[str, str, str], dict[str, Entry]] = {}
    groups = list(dict.fromkeys((e.cell, e.direction) for e in entries))  # a sibling's shapes stand together
    for e in sorted(entries, key=lambda e: groups.index((e.cell, e.direction))):
        rows.setdefault((e.cell, e.direction, f"{e.batch}x{e.time}"), {})[e.by] = e
    for names, row in rows.items():
        times = [f"{row[by].ms:.1f} {row[by].fraction_of_peak:4.0%}" if by in row else "-" for by in CONTENDERS]
        ratios = [f"{row[by].ms / row['ours'].ms:.2f}" if by in row else "-" for by in ("keras", "torch")]
        table.add_row(*names, *times, *ratios)
    return table


def scaling_table(points: list[Point]) -> Table:
    """Return a table with a row for each shape."""
    columns = ["batch x time", "ms", "fraction of peak", "us a row's step", "peak memory added, MB"]
    table = plain_table("Train step of lstm, ours", [], columns)
    for p in points:
        memory = "-" if p.memory_mb is None else f"{p.memory_mb:.0f}"
        per_row_and_step = 1000 * p.ms / (p.batch * p.time)
        table.add_row(
            f"{p.batch}x{p.time}", f"{p.ms:.1f}", f"{p.fraction_of_peak:.0%}", f"{per_row_and_step:.1f}", memory
        )
    return table


def draw(path: Path, entries: list[Entry], points: list[Point]) -> None:
    """Draw the times of each family and direction as bars, and cost over steps and rows as lines."""
    families = [family for family in SIBLINGS if any(e.cell == family for e in entries)]
    drawing = figure(13, 3.5 * len(families))
    grid = drawing.subplots(len(families), 3, squeeze=False)
    for row, family in zip(grid, families, strict=True):
        for axes, direction in zip(row, ("train", "forward"), strict=False):
            draw_bars(axes, [e for e in entries if (e.cell, e.direction) == (family, direction)])
            axes.set(title=f"{family}, {direction}", ylabel="ms")
    for axes, cost, label in zip(grid[:, 2], ("ms", "memory_mb"), ("ms", "peak memory added, MB"), strict=False):
        draw_scaling(axes, points, cost)
        axes.set(title="lstm, train, ours", ylabel=label)
    bars = dict(zip(*reversed(grid[0, 0].get_legend_handles_labels()), strict=True))  # one for each contender
    drawing.legend(bars.values(), bars, loc="outside lower left", ncols=len(bars), frameon=False)
    setup = f"Input {INPUTS}, units {UNITS}, float32, {os.cpu_count()} cores"
    drawing.suptitle(f"{setup}; black: the matrix products alone, at peak speed")
    save(drawing, path)


def draw_bars(axes: Axes, entries: list[Entry]) -> None:
    """Draw a group for each shape and a bar for each contender, with a line at the time that the matrix products alone
    would take at peak speed."""
    shapes = list(dict.fromkeys((e.batch, e.time) for e in entries))
    present = [by for by in CONTENDERS if any(e.by == by for e in entries)]
    width = 0.8 / len(present)
    for e in entries:
        left = shapes.index((e.batch, e.time)) - 0.4 + present.index(e.by) * width
        axes.bar(left, e.ms, width, align="edge", color=CONTENDERS[e.by], label=e.by)
        axes.hlines(e.ms * e.fraction_of_peak, left, left + width, color="black", linewidth=1)
    axes.set_xticks(range(len(shapes)), [f"{batch}x{time}" for batch, time in shapes])


def draw_scaling(axes: Axes, points: list[Point], cost: str) -> None:
    """Draw the field `cost` over the dimension that grows, with a dashed line for linear cost; both axes are
    logarithmic."""
    for grows, colour in zip(dict.fromkeys(p.grows for p in points), (POSITIVE, NEGATIVE), strict=False):
        known = [p for p in points if p.grows == grows and getattr(p, cost) is not None]
        sizes, costs = [getattr(p, grows) for p in known], [getattr(p, cost) for p in known]
        axes.plot(sizes, costs, "o-", color=colour, label=grows)
        axes.plot(sizes, [costs[-1] * size / sizes[-1] for size in sizes], "--", color=colour, linewidth=1)
    sizes = sorted({getattr(p, p.grows) for p in points})
    axes.set(xscale="log", yscale="log", xlabel="steps, or rows")
    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    axes.minorticks_off()
    axes.legend(frameon=False)
