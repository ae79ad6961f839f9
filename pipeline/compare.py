"""compare: a table of a data set's runs, read from MLflow."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.errors import UserError
from pipeline.tracking import finished_runs

COLUMNS = {
    "dev": "dev_accuracy",
    "test": "test_accuracy",
    "baseline": "baseline_test_accuracy",
    "ambiguous": "slice_accuracy",
    "pairs": "pair_consistency",
    "baseline pairs": "baseline_pair_consistency",
    "ranked": "pair_ranked",
    "train s": "train_seconds",
}


def compare(artifacts: Path, data: str) -> None:
    """Print the runs that have been evaluated, newest first.

    Raises:
        UserError: if there is none.
    """
    runs = [run for run in finished_runs(artifacts, data) if "test_accuracy" in run.metrics]
    if not runs:
        raise UserError(f"{data}: no evaluated run in {artifacts / 'mlflow'}; run make evaluate DATA={data}")
    title = f"{data}: accuracy on test and on its ambiguous slice, pairs with both members right, pairs in order"
    table = Table(title=title, box=None, header_style="bold")
    for name in ("cell", "started", *COLUMNS):
        table.add_column(name, justify="left" if name in ("cell", "started") else "right")
    for run in runs:
        table.add_row(run.name, run.started, *(_shown(name, run.metrics.get(key)) for name, key in COLUMNS.items()))
    Console(width=None if Console().is_terminal else 120).print(table)


def _shown(column: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if column.endswith(" s") else f"{value:.1%}"
