"""Read the corpus's own files.

Reviews contain quotes, which a CSV reader would take for its own, so rows are split at tabs only.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.support.errors import UserError
from pipeline.support.utf8 import utf8_lines

HEADER = "id\tdocument\tlabel"


def read_ratings(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (text, label) of a ratings file: tab-separated id, document and label (0 or 1) under a header.

    Blank rows at the end of the file, as an editor leaves them, are no reviews.

    Raises:
        UserError: naming the file and the row (the header is row 1) that is not of this form.
    """
    rows = _rows(path)
    if next(rows, None) != HEADER:
        raise UserError(f"{path}: row 1: must be the header id, document, label, separated by tabs")
    reviews, blank = 0, 0  # blank: the row that was the first of some blank ones; 0 if the last one was not
    for row, line in enumerate(rows, start=2):
        if not line:
            blank = blank or row
            continue
        if blank:
            raise UserError(f"{path}: row {blank}: is blank, must have 3 columns: id, document, label")
        columns = line.split("\t")
        if len(columns) != 3:
            raise UserError(f"{path}: row {row}: has {len(columns)} columns, must have 3: id, document, label")
        if columns[2] not in ("0", "1"):
            raise UserError(f"{path}: row {row}: label {columns[2]!r}, must be 0 or 1")
        reviews += 1
        yield columns[1], int(columns[2])
    if not reviews:
        raise UserError(f"{path}: row 2: missing; the file has a header and no reviews")


def read_unlabelled(path: Path) -> Iterator[str]:
    """Yield the reviews of a file with one review a line and no labels.

    Raises:
        UserError: naming the file and the row that is not UTF-8.
    """
    yield from _rows(path)


def read_crawl(archive: Path, without: set[str]) -> Iterator[str]:
    """Yield the reviews of the repository's archive (`raw/<movie>.json`), except those in `without`."""
    with zipfile.ZipFile(archive) as members:
        for name in sorted(members.namelist()):
            if "/raw/" not in name or not name.endswith(".json"):
                continue
            for review in json.loads(members.read(name)):
                if review["review"] not in without:
                    yield review["review"]


def _rows(path: Path) -> Iterator[str]:
    """Yield the lines of a file, which end at \\n or \\r\\n alone."""
    if path.stat().st_size == 0:
        raise UserError(f"{path}: row 1: missing; the file is empty")
    with path.open("rb") as file:
        for line in utf8_lines(file, str(path)):
            yield line.decode()
