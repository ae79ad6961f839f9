"""bench-serve: the HTTP service beside the bare model and others, on the same texts, in one run. Ratios count."""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from pipeline.artifact.manifest import read_manifest
from pipeline.benchmarks.http_load import Load, by_threads, put_under_load, summed_up
from pipeline.scoring.score_file import sorted_by_length
from pipeline.serving.contenders import Server, export_transformer, mlflow_server, our_service, time_keras
from pipeline.serving.versions import newest
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr
from pipeline.support.spawned_process import spawned_process
from pipeline.text.reviews import read_reviews
from pipeline.tracking.champion import champion_run

SECONDS = 5.0
CLIENTS = (1, 16, 64)
OTHERS_CLIENTS = (1, 64)
TEXTS = 2000


class Bare(NamedTuple):
    """The signature in process: seconds to import TensorFlow, bytes of memory, and how fast it is."""

    imported: float
    memory: float
    alone: Load
    batched: Load


def bench_serve(artifacts: Path, data: str, model: Path) -> None:
    """Print a table: start, memory, and for some numbers of clients the answers a second and their times.

    Args:
        model: the folder `<data>/<model>`, with published versions and what they were made from.

    Raises:
        UserError: if there is nothing to serve.
    """
    base, of_data = model / "serving", artifacts / data
    texts = read_reviews(of_data / "ingest", "test").texts[:TEXTS]
    with spawned_process() as fresh:
        bare = fresh.submit(_bare, base / str(newest(base)), texts).result()
    with our_service(base, data) as server:
        loads = _loads(server, texts, CLIENTS)
        memory = psutil.Process(server.process.pid).memory_info().rss
    print(f"start to ready {server.started:.1f} s, of which {bare.imported:.1f} s to import TensorFlow")
    print(f"memory {memory / 1e6:.0f} MB, {memory / bare.memory:.2f} of a bare process's")
    print(f"{'':42}{'answers/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'the service is faster by':>26}", flush=True)
    for load in loads:
        print(_shown("the service", load), flush=True)
    ours = {load.clients: load.per_second for load in loads}
    print(_compared("the signature, one by one", bare.alone, ours[1]))
    print(_compared("the signature, sorted batches", bare.batched, ours[CLIENTS[-1]]), flush=True)
    with spawned_process() as fresh:
        load = fresh.submit(time_keras, of_data / "tokenize", model / "train", texts, SECONDS).result()
    print(_compared("model.predict, one by one", load, ours[1]), flush=True)
    _bench_mlflow(artifacts, data, texts, ours)
    _bench_transformer(of_data / "tokenize", model / "train", texts, ours)
    one, many = loads[0].p50 / bare.alone.p50, loads[-1].per_second / bare.batched.per_second
    print(f"one client: p50 {one:.2f} of the signature's; {CLIENTS[-1]} clients: {many:.2f} of its batches")


def _bench_mlflow(artifacts: Path, data: str, texts: list[str], ours: dict[int, float]) -> None:
    if champion_run(artifacts, data) is None:
        print(f"mlflow models serve: maekrak-{data} has no champion")
        return
    try:
        with mlflow_server(artifacts, data) as server:
            loads = _loads(server, texts, OTHERS_CLIENTS)
    except UserError as error:
        print(error)
        return
    for load in loads:
        print(_compared("mlflow models serve", load, ours[load.clients]), flush=True)


def _bench_transformer(tokenize: Path, train: Path, texts: list[str], ours: dict[int, float]) -> None:
    max_length = int(read_manifest(train).config["max_length"])
    with tempfile.TemporaryDirectory(prefix="maekrak-") as folder:
        with spawned_process() as fresh:
            fresh.submit(export_transformer, tokenize, max_length, Path(folder)).result()
        with our_service(Path(folder), "transformer", threads=0) as server:
            loads = [by_threads(server.url, texts, clients, SECONDS) for clients in OTHERS_CLIENTS]
    for load in loads:
        print(_compared("BERT-base's shape, served alike", load, ours[load.clients]), flush=True)


def _loads(server: Server, texts: list[str], clients: tuple[int, ...]) -> list[Load]:
    put_under_load(server.url, texts, 4, 1.0)
    return [put_under_load(server.url, texts, count, SECONDS) for count in clients]


def _compared(name: str, load: Load, ours: float) -> str:
    return f"{_shown(name, load)}{ours / load.per_second if load.per_second else np.inf:24.1f} x"


def _shown(name: str, load: Load) -> str:
    clients = f", {load.clients} client{'s' * (load.clients > 1)}" if load.clients else ""
    failed = f" ({load.failed} failed)" if load.failed else ""
    times = "".join(f"{value:9.1f}" if np.isfinite(value) else " " * 9 for value in (load.p50, load.p99))
    return f"{name + clients + failed:42}{load.per_second:10.1f}{times}"


def _bare(version: Path, texts: list[str]) -> Bare:
    """Time the signature itself, with the threads that the service has."""
    start = time.perf_counter()
    with silenced_stderr():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops of the tokenizer

    imported = time.perf_counter() - start
    tf.config.threading.set_intra_op_parallelism_threads(1)
    signature = tf.saved_model.load(str(version)).signatures["serving_default"]

    def score(part: list[bytes]) -> list[float]:
        found: list[float] = signature(text=tf.constant(part))["positive"].numpy().tolist()
        return found

    encoded = [text.encode() for text in texts]
    sorted_by_length(encoded[:512], score)
    times = []
    for text in encoded[:500]:
        start = time.perf_counter()
        score([text])
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    sorted_by_length(encoded, score)
    batched = Load(0, len(encoded) / (time.perf_counter() - start), np.nan, np.nan, 0)
    return Bare(imported, float(psutil.Process().memory_info().rss), summed_up(0, times, sum(times), 0), batched)
