"""Ray and Spark score the same files as this process does, whether a worker or the driver is killed or not.

They are extras: `pip install -r requirements-ray.txt -r requirements-spark.txt`, then `pytest -m full` of this file.
"""

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.project import ROOT

pytestmark = pytest.mark.full
ENGINES = [
    pytest.param(
        engine,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(module) is None, reason=f"{module} is not installed: requirements-{engine}.txt"
        ),
    )
    for engine, module in (("ray", "ray"), ("spark", "pyspark"))
]
DEADLINE = 900  # seconds: to start an engine alone takes a busy machine minutes
WORKER = {"ray": "ray::", "spark": "pyspark.daemon"}
TEXTS = [f"리뷰 {n} {'가' * (n % 50)}" for n in range(400)]
SCRIPT = """
import sys
from pathlib import Path
from pipeline.scoring import partitions
from pipeline.score import score
partitions.ROWS = 20
score(Path(sys.argv[1]), sys.argv[2])
"""


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes a while, and says how long a text is."""
    import tensorflow as tf

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
        def serve(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
            work = tf.while_loop(lambda n, x: n < 30, lambda n, x: (n + 1, tf.tanh(x @ x)), (0, tf.ones([300, 300])))
            return {"positive": tf.cast(tf.strings.length(text), tf.float32) / 1000 + 0 * work[1][0, 0]}

    model, folder = Model(), tmp_path_factory.mktemp("export")
    tf.saved_model.save(model, str(folder / "saved_model" / "1"), signatures={"serving_default": model.serve})
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("in")
    pq.write_table(pa.table({"id": range(len(TEXTS)), "text": TEXTS}), folder / "a.parquet", row_group_size=250)
    return folder


def start(source: Path, out: Path, export: Path, engine: str) -> subprocess.Popen:
    environment = os.environ | {"IN": str(source), "OUT": str(out), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT, str(export), engine]
    with out.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, stdout=log)


def run(source: Path, out: Path, export: Path, engine: str) -> dict[str, bytes]:
    process = start(source, out, export, engine)
    assert process.wait(DEADLINE) == 0, out.with_suffix(".log").read_text("utf-8")
    rows = [row for path in out.rglob("*.parquet") for row in pq.ParquetFile(path).read().to_pylist()]
    assert sorted((row["id"], row["text"]) for row in rows) == list(enumerate(TEXTS))
    return {path.name: path.read_bytes() for path in out.rglob("*.parquet")}


def is_at_work(child: psutil.Process, engine: str) -> bool:
    try:
        named = WORKER[engine] in " ".join(child.cmdline())
        return named and child.memory_info().rss > 200 << 20  # TensorFlow is in it
    except psutil.NoSuchProcess:  # it ended meanwhile
        return False


def await_files(out: Path, more_than: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + DEADLINE
    while len(list(out.rglob("[!.]*.parquet"))) <= more_than:
        assert process.poll() is None and time.monotonic() < deadline, out.with_suffix(".log").read_text("utf-8")
        time.sleep(0.01)


@pytest.fixture(scope="module")
def expected(source: Path, export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return run(source, tmp_path_factory.mktemp("local") / "out", export, "local")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_worker_costs_nothing(
    engine: str, source: Path, export: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    process = start(source, tmp_path / "out", export, engine)
    await_files(tmp_path / "out", 3, process)
    workers = [child for child in psutil.Process(process.pid).children(recursive=True) if is_at_work(child, engine)]
    assert workers
    random.Random(1).choice(workers).kill()
    assert process.wait(DEADLINE) == 0, (tmp_path / "out.log").read_text("utf-8")
    found = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet")}
    assert found == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_driver_is_taken_up(
    engine: str, source: Path, export: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    process = start(source, tmp_path / "out", export, engine)
    await_files(tmp_path / "out", 3, process)
    below = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    psutil.wait_procs(below, timeout=60)  # they end by themselves, some of them after a last file
    assert run(source, tmp_path / "out", export, engine) == expected
