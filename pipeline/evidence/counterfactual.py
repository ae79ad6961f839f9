"""Counterfactually augmented IMDB: reviews that people rewrote just enough to turn the label.

Kaushik, Hovy & Lipton 2020, "Learning the Difference that Makes a Difference with Counterfactually-Augmented Data";
the files `*_paired.tsv` of https://github.com/acmi-lab/counterfactually-augmented-data.
"""

import csv
import os
from pathlib import Path

from pipeline.evidence.pairs import Pair
from pipeline.support.errors import UserError

COLUMNS = {"Sentiment", "Text", "batch_id"}
SENTIMENTS = ("Positive", "Negative")


def read_counterfactual(variable: str) -> list[Pair]:
    """Read the pairs in the folder that an environment variable names; none if it is not set.

    Raises:
        UserError: if a file is not there, or has no such columns, or a row has another sentiment.
    """
    folder = os.environ.get(variable)
    if not folder:
        return []
    return [pair for split in ("train", "dev", "test") for pair in _read(Path(folder, f"{split}_paired.tsv"))]


def _read(path: Path) -> list[Pair]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            table = csv.DictReader(lines, delimiter="\t")
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not set(table.fieldnames or ()) >= COLUMNS:
        raise UserError(f"{path}: must have the columns {', '.join(sorted(COLUMNS))}")
    members: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows, start=2):
        if not row["Text"] or not row["batch_id"]:
            raise UserError(f"{path}:{number}: must have {len(COLUMNS)} columns, separated by tabs")
        if row["Sentiment"] not in SENTIMENTS:
            allowed = " or ".join(SENTIMENTS)
            raise UserError(f"{path}:{number}: Sentiment is {row['Sentiment']!r}, must be {allowed}")
        members.setdefault(row["batch_id"], {})[row["Sentiment"]] = row["Text"]
    return [
        Pair("counterfactual", "", pos=texts["Positive"], neg=texts["Negative"])
        for texts in members.values()
        if len(texts) == len(SENTIMENTS)
    ]
