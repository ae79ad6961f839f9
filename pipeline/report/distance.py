"""The figure of pair consistency over the distance between context and phrase."""

from pathlib import Path

from pipeline.artifact.tables import read_table
from pipeline.support.figures import NEUTRAL, figure, line_colours, save


def draw_distance(path: Path, tables: dict[str, Path]) -> None:
    """Draw consistency over the distance between phrase and context, a line a model, from their `distance.tsv`.

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
