"""Rows of CSV, TSV, JSON Lines and Parquet files, each with its number, in a stream.

A TSV's columns end at tabs and its rows at newlines, and nothing is quoted; a CSV may quote. A row's number is that of
the line where it begins, which in a file with a header is 2 for the first one; Parquet has no lines and counts from 1.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.support.errors import UserError
from pipeline.support.utf8 import utf8_lines

FIELD_LIMIT = 1 << 27  # characters of one cell of a CSV


def tsv_rows(source: str, stream: Iterable[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the rows of a TSV, the header among them."""
    return ((number, line.split(b"\t")) for number, line in enumerate(utf8_lines(stream, source), 1))


def csv_rows(
    source: str, stream: Iterable[bytes], delimiter: str = ",", strict: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV, the header among them, without blank lines.

    Args:
        strict: what follows a closing quote, or lacks one, is an error; else it is read as it comes.

    Raises:
        UserError: naming the row that can't be read.
    """
    csv.field_size_limit(FIELD_LIMIT)
    lines = (f"{line.decode()}\n" for line in utf8_lines(stream, source))
    rows = csv.reader(lines, delimiter=delimiter, strict=strict)
    number = 1
    try:
        for row in rows:
            if row:
                yield number, row
            number = rows.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{source}: row {number}: {error}; a text with a quote is quoted, and the quote written twice"
        ) from None


def json_rows(source: str, stream: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    """Yield the value of each line that is not blank.

    Raises:
        UserError: naming the line that is not JSON.
    """
    for number, line in enumerate(utf8_lines(stream, source), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except ValueError:
            raise UserError(f"{source}: line {number}: not JSON") from None


def open_parquet(path: Path) -> Any:
    """Open a Parquet file.

    Raises:
        UserError: if it is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid:
        raise UserError(f"{path}: not a Parquet file") from None


def parquet_rows(file: Any, columns: list[str]) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of an open Parquet file, of the named columns alone."""
    number = 0
    for batch in file.iter_batches(columns=columns):
        for row in zip(*(batch.column(name).to_pylist() for name in columns), strict=True):
            number += 1
            yield number, list(row)
