"""compare: a table and a figure of a data set's runs, read from MLflow."""

from pathlib import Path
from statistics import mean, stdev

from rich.console import Console
from rich.table import Table

from pipeline.support.errors import UserError
from pipeline.tracking.accuracy_figure import draw_accuracy
from pipeline.tracking.history import Run, model_runs
from pipeline.tracking.seeds import COLUMNS, by_seed, newest_of_each


def compare(artifacts: Path, data: str) -> None:
    """Print the runs that have been evaluated, newest first, then the mean over seeds of those with several.

    Writes `<artifacts>/<data>/accuracy.png`, of the newest runs of each model, and prints its path last.

    Raises:
        UserError: if there is none.
    """
    runs = [run for run in model_runs(artifacts, data) if "test_accuracy" in run.metrics]
    if not runs:
        raise UserError(f"{data}: no evaluated run in {artifacts / 'mlflow'}; run make evaluate DATA={data}")
    title = f"{data}: accuracy on test and on its ambiguous slice, pairs with both members right, pairs in order"
    table = Table(title=title, box=None, header_style="bold")
    for name in ("model", "started"):
        table.add_column(name)
    for name in ("seed", *COLUMNS):
        table.add_column(name, justify="right")
    for run in runs:
        table.add_row(run.name, run.started, run.seed, *_measures([run]))
    for group in by_seed(runs):
        table.add_row(f"{group[0].name}, mean of {len(group)} seeds", "", "", *_measures(group))
    Console(width=None if Console().is_terminal else 180).print(table)
    path = artifacts / data / "accuracy.png"
    path.parent.mkdir(exist_ok=True)
    draw_accuracy(path, data, newest_of_each(runs))
    print(path)


def _measures(runs: list[Run]) -> list[str]:
    return [_shown(name, [run.metrics.get(key) for run in runs]) for name, key in COLUMNS.items()]


def _shown(column: str, values: list[float | None]) -> str:
    """A measure of one run, or its mean and standard deviation over several.

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
