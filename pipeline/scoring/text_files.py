"""Texts in files, by their extension: lines, CSV, TSV, JSON Lines, Parquet. Read and written in a stream.

A TSV's columns end at tabs and its rows at newlines, and nothing is quoted; a CSV may quote.
"""

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pipeline.support.errors import UserError
from pipeline.support.utf8 import utf8_lines
from pipeline.text.row_files import csv_rows, json_rows, open_parquet, parquet_rows, tsv_rows

CONTROL = dict.fromkeys(range(32), " ")
HEADER = ["positive", "label", "text"]


class Scored(NamedTuple):
    """A text with its probability of positive."""

    text: bytes
    positive: float

    @property
    def label(self) -> str:
        return "pos" if self.positive >= 0.5 else "neg"

    @property
    def decoded(self) -> str:
        return self.text.decode("utf-8", "replace")


def read_file(source: str, column: str = "text") -> Iterator[bytes]:
    """Yield the texts of a file as UTF-8, one after the other; "-" is standard input, line by line.

    Args:
        column: which holds the text, where there are columns.

    Raises:
        UserError: if the file can't be read, is not UTF-8, or has no such column.
    """
    if source == "-":
        return utf8_lines(sys.stdin.buffer, "standard input")
    path = Path(source)
    reader = READERS.get(path.suffix.lower())
    try:
        if path.suffix.lower() == ".parquet":
            return _parquet(path, column)
        stream = path.open("rb")
    except OSError as error:
        raise UserError(f"{source}: {error.strerror}") from None
    return reader(source, stream, column) if reader else utf8_lines(stream, source)


def _tsv(source: str, stream: BinaryIO, column: str) -> Iterator[bytes]:
    rows = tsv_rows(source, stream)
    _, header = next(rows, (1, []))
    at = _place(source, [name.decode("utf-8", "replace") for name in header], column)
    for number, row in rows:
        _check_width(source, number, len(row), at, column)
        yield row[at]


def _csv(source: str, stream: BinaryIO, column: str) -> Iterator[bytes]:
    rows = csv_rows(source, stream)
    _, header = next(rows, (1, []))
    at = _place(source, header, column)
    for number, row in rows:
        _check_width(source, number, len(row), at, column)
        yield row[at].encode()


def _check_width(source: str, line: int, width: int, at: int, column: str) -> None:
    if at >= width:
        raise UserError(f"{source}: line {line}: has {width} columns, and {column!r} is number {at + 1}")


def _place(source: str, header: list[str], column: str) -> int:
    if column not in header:
        has = ", ".join(header)[:200] or "none"
        raise UserError(f"{source}: has no column {column!r}; it has {has}; COLUMN=... names another")
    return header.index(column)


def _jsonl(source: str, stream: BinaryIO, column: str) -> Iterator[bytes]:
    for number, row in json_rows(source, stream):
        value = row.get(column) if isinstance(row, dict) else row
        if not isinstance(value, str):
            raise UserError(f"{source}: line {number}: holds no text {column!r}; COLUMN=... names another")
        yield value.encode("utf-8", "replace")


def _parquet(path: Path, column: str) -> Iterator[bytes]:
    file = open_parquet(path)
    check_text_column(path, file, column)
    return ((text or "").encode("utf-8") for _, (text,) in parquet_rows(file, [column]))


def check_text_column(path: Path, file: Any, column: str) -> None:
    """Raise a `UserError` unless an open Parquet file has a column of that name, which holds text."""
    import pyarrow as pa

    _place(str(path), file.schema_arrow.names, column)
    if not (pa.types.is_string(kind := file.schema_arrow.field(column).type) or pa.types.is_large_string(kind)):
        raise UserError(f"{path}: column {column!r} holds {kind}, not text")


Reader = Callable[[str, BinaryIO, str], Iterator[bytes]]
READERS: dict[str, Reader] = {".tsv": _tsv, ".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl}
WRITTEN = (".tsv", ".csv", ".jsonl", ".ndjson", ".parquet")


def write_part(file: BinaryIO, suffix: str, rows: list[Scored]) -> None:
    """Write some rows, without a header, in the format of an extension."""
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(_table(rows), file)
    elif suffix == ".csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([f"{row.positive:.4f}", row.label, row.decoded] for row in rows)
        file.write(text.getvalue().encode())
    elif suffix in (".jsonl", ".ndjson"):
        for row in rows:
            value: dict[str, Any] = {"positive": round(row.positive, 6), "label": row.label, "text": row.decoded}
            file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
    else:
        for row in rows:
            shown = row.decoded.translate(CONTROL)
            file.write(f"{row.positive:.4f}\t{row.label}\t{shown}\n".encode())


def join_parts(file: BinaryIO, suffix: str, parts: list[Path]) -> None:
    """Write a whole file from its parts, under a header where the format has one."""
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetWriter(file, _table([]).schema) as writer:
            for part in parts:
                writer.write_table(pq.read_table(part))
        return
    separator = {".csv": ",", ".tsv": "\t"}.get(suffix)
    if separator:
        file.write(separator.join(HEADER).encode() + (b"\r\n" if suffix == ".csv" else b"\n"))
    for path in parts:
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, file)


def _table(rows: list[Scored]) -> Any:
    import pyarrow as pa

    columns = {
        "positive": pa.array([row.positive for row in rows], pa.float32()),
        "label": pa.array([row.label for row in rows], pa.string()),
        "text": pa.array([row.decoded for row in rows], pa.string()),
    }
    return pa.table(columns)
