"""bench-serve: the HTTP service beside the bare model in process, on the same texts, in one run. Ratios count."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from pipeline.benchmarks.http_load import Load, put_under_load
from pipeline.serving.scoring import sorted_by_length
from pipeline.serving.versions import newest
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr
from pipeline.text.reviews import read_reviews

SECONDS = 5.0
CLIENTS = (1, 16, 64)
TEXTS = 2000
SERVE = """
import sys
from pathlib import Path
from pipeline.serving.http.server import Address, configs_of, run
run(configs_of(None, sys.argv[1], Path(sys.argv[2])), Address("127.0.0.1", int(sys.argv[3])))
"""


def bench_serve(model: Path, ingest: Path, name: str, port: int) -> None:
    """Print a table: start, memory, and for some numbers of clients the answers a second and their times.

    Args:
        model: the folder `<data>/<model>`, with published versions. ingest: whose test reviews are read.

    Raises:
        UserError: if there is nothing to serve.
    """
    base = model / "serving"
    texts = read_reviews(ingest, "test").texts[:TEXTS]
    bare = _bare(base / str(newest(base)), texts)
    start = time.perf_counter()
    arguments = [sys.executable, "-c", SERVE, name, str(base), str(port)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr or ():
                if " serves " in line:
                    break
            else:
                raise UserError(f"the service didn't start on port {port}; PORT=... takes another")
            started, url = time.perf_counter() - start, f"http://127.0.0.1:{port}/v1/models/{name}:predict"
            put_under_load(url, texts, 4, 1.0)
            loads = [put_under_load(url, texts, clients, SECONDS) for clients in CLIENTS]
            memory = psutil.Process(server.pid).memory_info().rss
        finally:
            server.terminate()
    print(f"start to ready {started:.1f} s (import of TensorFlow {bare['import']:.1f} s)")
    print(f"memory {memory / 1e6:.0f} MB, {memory / bare['memory']:.2f} of a bare process's")
    print(f"{'':24}{'answers/s':>10}{'p50 ms':>9}{'p99 ms':>9}")
    print(f"{'bare, one by one':24}{1000 / bare['mean']:10.0f}{bare['p50']:9.1f}{bare['p99']:9.1f}")
    print(f"{'bare, sorted batches':24}{bare['batched']:10.0f}")
    for load in loads:
        print(f"{_shown(load):24}{load.per_second:10.0f}{load.p50:9.1f}{load.p99:9.1f}")
    one, many = loads[0].p50 / bare["p50"], loads[-1].per_second / bare["batched"]
    print(f"one client: p50 {one:.2f} of the bare one's; {CLIENTS[-1]} clients: {many:.2f} of its batches")


def _shown(load: Load) -> str:
    failed = f" ({load.failed} failed)" if load.failed else ""
    return f"service, {load.clients} clients{failed}"


def _bare(version: Path, texts: list[str]) -> dict[str, float]:
    """Time the signature itself, with the threads that the service has."""
    import numpy as np

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
        times.append(1000 * (time.perf_counter() - start))
    start = time.perf_counter()
    sorted_by_length(encoded, score)
    batched = len(encoded) / (time.perf_counter() - start)
    p50, p99 = np.percentile(times, [50, 99])
    memory = float(psutil.Process().memory_info().rss)
    return {
        "import": imported,
        "memory": memory,
        "mean": float(np.mean(times)),
        "p50": float(p50),
        "p99": float(p99),
        "batched": batched,
    }
