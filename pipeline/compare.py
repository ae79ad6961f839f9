"""compare: a table and a figure of a data set's runs, read from MLflow."""

from pathlib import Path
from statistics import mean, stdev

from rich.console import Console
from rich.table import Table

from pipeline.evidence.registry import metric_name, shown_in
from pipeline.support.errors import UserError
from pipeline.tracking.accuracy_figure import draw_accuracy
from pipeline.tracking.history import Run, model_runs
from pipeline.tracking.seeds import by_seed, newest_of_each


def compare(artifacts: Path, data: str) -> None:
    """Print the runs that have been evaluated, newest first, then the mean over seeds of those with several.

    Writes `<artifacts>/<data>/accuracy.png`, of the newest runs of each model, and prints its path last.

    Raises:
        UserError: if there is none.
    """
    runs = [run for run in model_runs(artifacts, data) if "test_accuracy" in run.metrics]
    if not runs:
        raise UserError(f"{data}: no evaluated run in {artifacts / 'mlflow'}; run make evaluate DATA={data}")
    table = Table(title=data, box=None, header_style="bold")
    for heading in ("model", "started"):
        table.add_column(heading)
    for heading in ("seed", *columns()):
        table.add_column(heading, justify="right")
    for run in runs:
        table.add_row(run.name, run.started, run.seed, *_measures([run]))
    for group in by_seed(runs):
        table.add_row(f"{group[0].name}, mean of {len(group)} seeds", "", "", *_measures(group))
    console = Console(width=None if Console().is_terminal else 180)
    console.print(table)
    console.print(_legend(), soft_wrap=True, highlight=False)
    path = artifacts / data / "accuracy.png"
    path.parent.mkdir(exist_ok=True)
    draw_accuracy(path, data, newest_of_each(runs))
    print(path)


def columns() -> dict[str, str]:
    """Return the metric of each column by its heading: the baseline's beside those of a headline."""
    measured = {
        heading: metric_name(name, who)
        for name, measure in shown_in("column")
        for who, heading in (("model", measure.column), ("baseline", f"baseline {measure.column}"))
        if who == "model" or measure.headline
    }
    return {"dev": "dev_accuracy", **measured, "train s": "train_seconds"}


def _legend() -> str:
    """Return what the headings of the measures stand for."""
    return "; ".join(f"{measure.column}: {measure.title.en.removeprefix('… ')}" for _, measure in shown_in("column"))


def _measures(runs: list[Run]) -> list[str]:
    return [_shown(heading, [run.metrics.get(name) for run in runs]) for heading, name in columns().items()]


def _shown(column: str, values: list[float | None]) -> str:
    """Return a measure of one run, or its mean and standard deviation over several.

    >>> _shown("test", [0.875]), _shown("dev", [None, 0.875]), _shown("train s", [90, 94])
    ('87.5%', '-', '92 ± 3')
    >>> _shown("test", [0.871, 0.875, 0.879])
    '87.5 ± 0.4%'
    """
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "-"
    scale, form, unit = (1, ".0f", "") if column.endswith(" s") else (100, ".1f", "%")
    spread = f" ± {scale * stdev(known):{form}}" if len(known) > 1 else ""
    return f"{scale * mean(known):{form}}{spread}{unit}"
