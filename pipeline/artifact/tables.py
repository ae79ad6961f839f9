"""Tables that stages write for people and for one another: tab-separated, a header line, shares with four digits."""

from collections.abc import Sequence
from pathlib import Path


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write one row a line. What is not there, None, is an empty cell; tabs and newlines in a text become spaces."""
    path.write_text("".join("\t".join(map(_cell, row)) + "\n" for row in [header, *rows]), "utf-8")


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows, each by the names of its columns."""
    header, *lines = (line.split("\t") for line in path.read_text("utf-8").split("\n")[:-1])
    return [dict(zip(header, line, strict=True)) for line in lines]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else " ".join(str(value).splitlines()).replace("\t", " ")
