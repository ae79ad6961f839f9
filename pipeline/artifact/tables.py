"""Tables of stages: tab-separated files with a header line; fractions have four decimals."""

from collections.abc import Sequence
from pathlib import Path


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a line for each row. None becomes an empty cell; tabs and newlines in a text become spaces."""
    path.write_text("".join("\t".join(map(_cell, row)) + "\n" for row in [header, *rows]), "utf-8")


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table that `write_table` wrote, each as {column: cell}."""
    header, *lines = (line.split("\t") for line in path.read_text("utf-8").split("\n")[:-1])
    return [dict(zip(header, line, strict=True)) for line in lines]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else " ".join(str(value).splitlines()).replace("\t", " ")
