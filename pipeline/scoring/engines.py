"""Who scores the partitions of a job: this process, Ray or Spark. Each yields the rows of a partition when it is done.

Ray and Spark start again what a killed worker was at. All call the same function, on the same partitions.
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.artifact.files import PACKAGE
from pipeline.scoring.partitions import Job, Partition, Scorer
from pipeline.support.errors import UserError

MISSING = "ENGINE={0}: not installed; .venv/bin/python -m pip install --require-hashes -r requirements-{0}.txt"
FAILURES = 4  # of a Spark task, until the job fails: as on a cluster


def local(job: Job, address: str | None) -> Iterator[int]:
    """Score in this process."""
    if address:
        raise UserError(f"ADDRESS={address}: ENGINE=local has none; for ENGINE=ray or spark")
    yield from map(Scorer(str(job.export), job.column), job.missing)


def ray(job: Job, address: str | None) -> Iterator[int]:
    """Score by a pool of actors of Ray Data, on the cluster at `address` (or `RAY_ADDRESS`), else on this machine."""
    try:
        import ray
    except ImportError:
        raise UserError(MISSING.format("ray")) from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    except Exception as error:
        raise _failed("ray", error) from error
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        actors = max(1, int(ray.cluster_resources().get("CPU", 1)))
        rows = [partition._asdict() for partition in job.missing]
        dataset = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            _RayScorer,
            fn_constructor_args=(str(job.export), job.column),
            batch_size=1,
            concurrency=(1, min(actors, len(rows))),
        )
        for batch in dataset.iter_batches(batch_size=None, prefetch_batches=0):
            yield from batch["rows"].tolist()
    except ray.exceptions.RayError as error:  # with the traces of all processes
        raise _failed("ray", error) from error
    finally:
        ray.shutdown()


class _RayScorer:
    """An actor of Ray: the model is loaded once in it."""

    def __init__(self, export: str, column: str) -> None:
        self.scorer = Scorer(export, column)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        partitions = (Partition(*row) for row in zip(*(batch[f].tolist() for f in Partition._fields), strict=True))
        return {"rows": [self.scorer(partition) for partition in partitions]}


def spark(job: Job, address: str | None) -> Iterator[int]:
    """Score by Spark's Python workers, on the cluster at `address`, else on this machine."""
    # It warns of a pandas that is newer than it knows, and none is used here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UserError(MISSING.format("spark")) from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.executorEnv.PYTHONPATH": str(PACKAGE.parent),  # the project, where it stands on every machine
        "spark.log.level": "OFF",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.appName("maekrak score").config(map=settings)
    session = builder.master(address or f"local[*,{FAILURES}]").getOrCreate()
    try:
        frame = session.createDataFrame([tuple(one) for one in job.missing], list(Partition._fields))
        spread = frame.repartition(len(job.missing))
        for row in spread.mapInArrow(_spark_scorer(str(job.export), job.column), "rows long").collect():
            yield row["rows"]
    except Exception as error:  # of Java, through py4j: pages of it
        raise _failed("spark", error) from error
    finally:
        session.stop()


def _spark_scorer(export: str, column: str) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def score(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        scorer = Scorer(export, column)  # in a worker that is used again, the model is there
        for batch in batches:
            yield pa.RecordBatch.from_pydict({"rows": [scorer(Partition(**row)) for row in batch.to_pylist()]})

    return score


def _failed(engine: str, error: Exception) -> UserError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    said = " ... ".join(dict.fromkeys((lines[0][:200], lines[-1][:200])))
    return UserError(f"ENGINE={engine}: {said}; the same command goes on")


Engine = Callable[[Job, str | None], Iterator[int]]
ENGINES: dict[str, Engine] = {"local": local, "ray": ray, "spark": spark}
