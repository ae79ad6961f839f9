"""Read the reviews of one file: find its columns, and name the row of what is none."""

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config.schema import FilesConfig
from pipeline.datasets.files.labels import STARS, Labels
from pipeline.support.errors import UserError
from pipeline.support.utf8 import utf8_lines
from pipeline.text.row_files import csv_rows, json_rows, open_parquet, parquet_rows, tsv_rows

# Names of columns, without regard to case. The first one is taken where it is there, else the only one of the others.
TEXT = "text document review content comment sentence body 리뷰 본문 내용 댓글 문장"
LABEL = "label sentiment polarity rating score stars star 레이블 라벨 감성 평점 별점"
COLUMNS = {"text": TEXT.split(), "label": LABEL.split()}
ID = "id"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DELIMITERS = ",;\t"
SHOWN = 200  # characters of a file's columns, in an error

Review = tuple[str, Any, int]  # text, label as it stands in the file, row


class Columns(NamedTuple):
    """The place of each column in a row; None for one that is not read."""

    text: int
    label: int | None
    id: int | None


class FileReader:
    """Reads the reviews of files; the ids of all of them must differ."""

    def __init__(self, config: FilesConfig, labels: Labels, folder: Path) -> None:
        self.config = config
        self.labels = labels
        self.folder = folder
        self.ids: dict[int, tuple[Path, int]] = {}  # hash of an id: where it stands

    def rows(self, path: Path, labelled: bool) -> Iterator[Review]:
        """Yield the reviews of a file.

        Raises:
            UserError: naming the file, the row and what is allowed.
        """
        found = 0
        for review in self._rows(path, labelled):
            found += 1
            yield review
        if not found:
            raise UserError(f"{path}: holds no reviews")

    def label(self, path: Path, row: int, value: Any) -> int | None:
        """Return 0 or 1 for a label, None for one that is to be left out.

        Raises:
            UserError: for one of neither kind, or none.
        """
        if value is None or not str(value).strip():
            raise UserError(f"{path}: row {row}: no label; reviews without one go in a file that is named unsupervised")
        try:
            return self.labels(value)
        except ValueError:
            allowed = f"allowed as bad / good are {self.labels.spelled}"
            others = f"ingest.files.labels names others: SET='ingest.files.labels=\"{STARS}\"'"
            raise UserError(f"{path}: row {row}: label {value!r}; {allowed}; {others}") from None

    def _rows(self, path: Path, labelled: bool) -> Iterator[Review]:
        suffix = path.suffix.lower()
        if suffix == ".parquet":
            return self._parquet(path, labelled)
        if path.stat().st_size == 0:
            raise UserError(f"{path}: row 1: missing; the file is empty")
        if suffix in (".jsonl", ".ndjson"):
            return self._json(path, labelled)
        if suffix == ".txt" and not labelled:
            lines = enumerate(utf8_lines(_decoded(path), str(path)), 1)
            return ((line.decode(), None, number) for number, line in lines)
        return self._table(path, _csv(path) if suffix == ".csv" else _tsv(path), labelled)

    def _table(self, path: Path, rows: Iterator[tuple[int, list[str]]], labelled: bool) -> Iterator[Review]:
        _, header = next(rows, (1, []))
        columns = self._columns(path, header, labelled)
        for number, row in rows:
            if len(row) != len(header):
                raise UserError(
                    f"{path}: row {number}: has {len(row)} columns, must have {len(header)}: "
                    f"{', '.join(header)[:SHOWN]}"
                )
            yield self._review(path, number, row, columns)

    def _json(self, path: Path, labelled: bool) -> Iterator[Review]:
        columns: Columns | None = None
        header: list[str] = []
        for number, row in json_rows(str(path), _decoded(path)):
            if not isinstance(row, dict):
                raise UserError(f'{path}: row {number}: must be an object, such as {{"text": "...", "label": 1}}')
            if columns is None:
                header = list(row)
                columns = self._columns(path, header, labelled)
            if missing := [name for name in (header[n] for n in columns if n is not None) if name not in row]:
                raise UserError(f"{path}: row {number}: holds no {missing[0]!r}; every row must hold it")
            values = [row.get(name) for name in header]
            yield self._review(path, number, values, columns)

    def _parquet(self, path: Path, labelled: bool) -> Iterator[Review]:
        file = open_parquet(path)
        header = list(file.schema_arrow.names)
        columns = self._columns(path, header, labelled)
        read = [header[n] for n in columns if n is not None]
        for number, row in parquet_rows(file, read):
            cells = dict(zip(read, row, strict=True))
            values = [cells.get(name) for name in header]
            yield self._review(path, number, values, columns)

    def _columns(self, path: Path, header: list[str], labelled: bool) -> Columns:
        text = _place(path, header, "text", self.config.text)
        label = _place(path, header, "label", self.config.label) if labelled else None
        ids = [n for n, name in enumerate(header) if name.strip().casefold() == ID]
        return Columns(text, label, ids[0] if ids else None)

    def _review(self, path: Path, number: int, row: list[Any], columns: Columns) -> Review:
        self._check_id(path, number, row, columns)
        return _text(path, number, row[columns.text]), None if columns.label is None else row[columns.label], number

    def _check_id(self, path: Path, number: int, row: list[Any], columns: Columns) -> None:
        if columns.id is None:
            return
        id = str(row[columns.id])
        key = int.from_bytes(hashlib.blake2b(id.encode("utf-8", "replace"), digest_size=8).digest())
        first = self.ids.setdefault(key, (path, number))
        if first != (path, number):
            raise UserError(
                f"{path}: row {number}: id {id!r} is that of {first[0].relative_to(self.folder)}, row {first[1]}; ids "
                "must differ: delete one of the rows, or give the column another name if it is no id of a review"
            )


def _place(path: Path, header: list[str], what: str, named: str | None) -> int:
    """Return where a column stands: the one that the configuration names, else the one that has a usual name.

    Raises:
        UserError: if there is none, or more than one.
    """
    has = f"it has {', '.join(header)[:SHOWN] or 'none'}"
    if named is not None:
        if named not in header:
            raise UserError(f"{path}: row 1: has no column {named!r}, which ingest.files.{what} names; {has}")
        return header.index(named)
    folded = [name.strip().casefold() for name in header]
    usual = [name for name in COLUMNS[what] if name in folded]
    if usual and (usual[0] == COLUMNS[what][0] or len(usual) == 1):
        return folded.index(usual[0])
    why = f"{' and '.join(usual)} may both be the {what}" if usual else f"no column is called {what}"
    name = f"ingest.files.{what}"
    raise UserError(f'{path}: row 1: {why}; {has}; {name} names another: SET="{name}=..."')


def _text(path: Path, number: int, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise UserError(f"{path}: row {number}: text {value!r}, must be text")
    return (value or "").encode("utf-8", "replace").decode()  # half of a pair of surrogates is no character


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    header = next(iter(utf8_lines(_decoded(path), str(path))), b"").decode()
    delimiter = max(DELIMITERS, key=header.count)  # of equal ones the first, a comma
    return csv_rows(str(path), _decoded(path), delimiter, strict=True)


def _tsv(path: Path) -> Iterator[tuple[int, list[str]]]:
    rows = tsv_rows(str(path), _decoded(path))
    return ((number, [cell.decode() for cell in row]) for number, row in rows if row != [b""])


def _decoded(path: Path) -> Iterable[bytes]:
    """Return the lines of a file in UTF-8; one whose byte order mark says UTF-16 is converted."""
    stream = path.open("rb")
    mark = stream.read(2)
    stream.seek(0)
    return _from_utf_16(path) if mark in UTF_16 else stream


def _from_utf_16(path: Path) -> Iterator[bytes]:
    row = 1
    try:
        with path.open(encoding="utf-16", newline="\n") as lines:
            for line in lines:
                yield line.encode()
                row += 1
    except UnicodeError:
        raise UserError(f"{path}: row {row}: not valid UTF-16, which its first bytes say it is") from None
