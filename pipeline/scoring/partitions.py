"""Score Parquet files by partitions: each a slice of a file, written aside by whoever scores it and renamed whole.

A partition that is there was made from this very input by this very model, or it counts as missing: its file says from
what it was made. So a killed worker or driver costs what it was at, and a rerun does what is missing and no more.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pipeline.artifact.files import atomic_writer, locked, sha256, visible_files
from pipeline.artifact.manifest import digest_of
from pipeline.scoring.score_file import ScoreFn, sorted_by_length
from pipeline.scoring.text_files import check_text_column
from pipeline.serving.saved_model import load_serving
from pipeline.support.environment import prepare_environment
from pipeline.support.errors import UserError
from pipeline.text.row_files import open_parquet

ROWS = 65_536  # of a partition, at most: it holds in memory, and is some seconds of work
ADDED = ("positive", "predicted")  # columns
MADE_FROM = b"maekrak_made_from"  # in the metadata of a partition's file
SUCCESS = "_SUCCESS"


class Partition(NamedTuple):
    """Rows of a row group of a Parquet file, and the file that they are scored into.

    Attributes:
        start, rows: in the row group. made_from: digest of the input, the column and the model.
    """

    source: str
    row_group: int
    start: int
    rows: int
    target: str
    made_from: str


class Job(NamedTuple):
    """What is to be scored: all partitions, those that are not there yet, and by what."""

    out: Path
    partitions: list[Partition]
    missing: list[Partition]
    column: str
    export: Path


def plan_job(source: Path, out: Path, column: str, export: Path) -> Job:
    """Return the partitions of a Parquet file or a folder of them, and delete from `out` what is of other ones.

    Raises:
        UserError: if there are no texts, or `out` holds Parquet files that are none of ours.
    """
    if out.resolve().is_relative_to(source.resolve()):
        raise UserError(f"OUT={out}: is in IN={source}; what is scored would be read the next time")
    export = export.resolve()
    newest = max((export / "saved_model").iterdir(), key=lambda version: int(version.name))
    model = digest_of([newest.name, *(sha256(path) for path in visible_files(newest))])
    files = _parquet_files(source)
    base = source if source.is_dir() else source.parent
    partitions = [part for path in files for part in _partitions(path, path.relative_to(base), out, column, model)]
    if not partitions:
        raise UserError(f"IN={source}: holds no rows")
    targets = {partition.target: partition for partition in partitions}
    done = set()
    for path in sorted(out.rglob("*.parquet")):
        made_from = _made_from(path)
        if made_from is None:
            raise UserError(f"OUT={out}: holds {path.relative_to(out)}, which make score did not write; name another")
        wanted = targets.get(str(path.resolve()))
        if wanted and wanted.made_from == made_from:
            done.add(wanted.target)
        else:
            path.unlink()
    missing = [partition for partition in partitions if partition.target not in done]
    if missing:
        (out / SUCCESS).unlink(missing_ok=True)
    return Job(out, partitions, missing, column, export)


def _parquet_files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise UserError(f"IN={source}: no such file or folder")
    hidden = (".", "_")
    files = [path for path in sorted(source.rglob("*.parquet")) if not path.name.startswith(hidden)]
    if not files:
        raise UserError(f"IN={source}: holds no .parquet file")
    return files


def _partitions(path: Path, name: Path, out: Path, column: str, model: str) -> Iterator[Partition]:
    file = open_parquet(path)
    check_text_column(path, file, column)
    if taken := [added for added in ADDED if added in file.schema_arrow.names]:
        raise UserError(f"{path}: has a column {taken[0]!r}, which make score adds; rename it")
    stat = path.stat()
    identity = [str(name), stat.st_size, stat.st_mtime_ns, column, model]
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        for start in range(0, rows, ROWS):
            count = min(ROWS, rows - start)
            target = out / name.with_name(f"{name.stem}-{group:05d}-{start:09d}.parquet")
            made_from = digest_of([*identity, group, start, count])
            yield Partition(str(path.resolve()), group, start, count, str(target.resolve()), made_from)


def _made_from(path: Path) -> str | None:
    """Return what a partition's file says it was made from; None where it says nothing."""
    try:
        found = (open_parquet(path).schema_arrow.metadata or {}).get(MADE_FROM)
    except UserError:
        return None
    return found.decode() if found else None


def score_partition(partition: Partition, column: str, score: ScoreFn) -> int:
    """Write the rows of a partition with the columns `positive` and `predicted`, and return how many they are.

    Nobody sees a half of it; two that write it at once, as a cluster may let them, both write the same.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = open_parquet(Path(partition.source)).read_row_group(partition.row_group)
    table = table.slice(partition.start, partition.rows)
    texts = [(text or "").encode() for text in table[column].to_pylist()]
    positive = pa.array(sorted_by_length(texts, score), pa.float32())
    labels = pa.array([("neg", "pos")[value >= 0.5] for value in positive.to_pylist()], pa.string())
    table = table.append_column(ADDED[0], positive).append_column(ADDED[1], labels)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), MADE_FROM: partition.made_from})
    target = Path(partition.target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_writer(target) as file:
        pq.write_table(table, file)
    return len(texts)


class Scorer:
    """Scores partitions by a model that is loaded once in a process."""

    def __init__(self, export: str, column: str) -> None:
        self.column = column
        self.score = _load(export)

    def __call__(self, partition: Partition) -> int:
        return score_partition(partition, self.column, self.score)


@functools.cache
def _load(export: str) -> ScoreFn:
    prepare_environment()  # a worker of a cluster has its machine's own
    return load_serving(Path(export))


def finish(job: Job) -> int:
    """Check that each partition is there with its rows, mark the folder as complete, and return the number of rows.

    Raises:
        UserError: if a partition is missing or has another number of rows.
    """
    total = 0
    for partition in job.partitions:
        path = Path(partition.target)
        rows = open_parquet(path).metadata.num_rows if path.exists() else None
        if rows != partition.rows:
            raise UserError(f"{path}: has {rows} rows, must have {partition.rows}; the same command goes on")
        total += partition.rows
    for left in job.out.rglob(".*.parquet.*"):  # by a worker that was killed
        left.unlink()
    (job.out / SUCCESS).write_text(f"{total}\n")
    return total


@contextmanager
def reserved(out: Path) -> Iterator[None]:
    """Keep other commands of this machine from a folder inside the block.

    Raises:
        UserError: if another command is at work on it.
    """
    out.mkdir(parents=True, exist_ok=True)
    with locked(out / ".lock", wait=False) as held:
        if not held:
            raise UserError(f"OUT={out}: another make score is at work on it")
        yield
