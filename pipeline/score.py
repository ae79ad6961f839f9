"""score: classify the texts of Parquet files, partition by partition, on this machine or on a cluster.

What is done is never done again, and nothing is lost or doubled, whatever is killed: see `scoring/partitions.py`.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from pipeline.scoring.engines import ENGINES
from pipeline.scoring.partitions import Job, finish, plan_job, reserved
from pipeline.support.errors import UserError


def score(export: Path, engine: str) -> None:
    """Classify the rows of `IN` into `OUT`, those that are not there yet.

    Args:
        engine: `local`, `ray` or `spark`; the address of a cluster is in `ADDRESS`.

    Raises:
        UserError: if a file can't be read or written, or the engine isn't there.
    """
    if engine not in ENGINES:
        raise UserError(f"ENGINE={engine}: must be one of {', '.join(ENGINES)}")
    named = {name: os.environ.get(name) for name in ("IN", "OUT")}
    if missing := [name for name, value in named.items() if not value]:
        raise UserError(f"{missing[0]}: not given; type make score IN=reviews.parquet OUT=scored/")
    out = Path(str(named["OUT"]))
    with reserved(out):
        job = plan_job(Path(str(named["IN"])), out, os.environ.get("COLUMN", "text"), export)
        start = time.monotonic()
        rows = _shown(job, lambda: ENGINES[engine](job, os.environ.get("ADDRESS")))
        total = finish(job)
    seconds = time.monotonic() - start
    done = f"{rows:,} scored in {seconds:.1f} s" if job.missing else "nothing was missing"
    print(f"{out}: {total:,} rows in {len(job.partitions)} files; {done}", file=sys.stderr)


def _shown(job: Job, run: Callable[[], Iterator[int]]) -> int:
    """Run an engine, show how far it is, and return how many rows it has scored."""
    columns = (SpinnerColumn(), MofNCompleteColumn(), TextColumn("files, {task.fields[speed]:,.0f} texts a second"))
    rows, start = 0, time.monotonic()
    if not job.missing:
        return 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(job.missing), speed=0)
        for scored in run():
            rows += scored
            progress.update(task, advance=1, speed=rows / (time.monotonic() - start))
    return rows
