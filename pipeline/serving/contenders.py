"""What the HTTP service is timed beside: other servers, another model, and Keras asked for one text at a time."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pipeline.artifact.files import write_atomically
from pipeline.artifact.manifest import MANIFEST, hash_files, read_manifest
from pipeline.benchmarks.http_load import Load, summed_up
from pipeline.serving.versions import SealedVersion
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr
from pipeline.tracking.store import store_uri

SERVE = """
import sys
from pathlib import Path
from pipeline.serving.http.server import Address, configs_of, run
run(configs_of(None, sys.argv[1], Path(sys.argv[2])), Address("127.0.0.1", 0), threads=int(sys.argv[3]))
"""
MLFLOW_SECONDS = 180  # that it may take to start


class Server(NamedTuple):
    """A server in a process of its own: where it predicts, and the seconds from its start until it was ready."""

    process: subprocess.Popen[str]
    url: str
    started: float


@contextmanager
def our_service(base: Path, name: str, threads: int = 1) -> Iterator[Server]:
    """Serve the newest version in a folder.

    Args:
        threads: that TensorFlow has within an operation; 0 for one a core.

    Raises:
        UserError: if it doesn't start.
    """
    start = time.perf_counter()
    arguments = [sys.executable, "-c", SERVE, name, str(base), str(threads)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr or ():
                url, found, _ = line.partition(" serves ")
                if found:
                    break
            else:
                raise UserError("the service didn't start")
            yield Server(process, f"{url}v1/models/{name}:predict", time.perf_counter() - start)
        finally:
            process.terminate()


@contextmanager
def mlflow_server(artifacts: Path, data: str) -> Iterator[Server]:
    """Have MLflow serve the champion of a data set.

    Raises:
        UserError: if it doesn't start.
    """
    start, port = time.perf_counter(), _free_port()
    model = f"models:/maekrak-{data}@champion"
    options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": store_uri((artifacts / "mlflow").resolve()),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # it calls uvicorn by its name
        },
    )
    try:
        while not _answers(f"http://127.0.0.1:{port}/ping"):
            if process.poll() is not None or time.perf_counter() - start > MLFLOW_SECONDS:
                raise UserError("mlflow models serve didn't start")
            time.sleep(0.5)
        yield Server(process, f"http://127.0.0.1:{port}/invocations", time.perf_counter() - start)
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # with the server that it started
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def export_transformer(tokenize: Path, max_length: int, base: Path, **shape: int) -> None:
    """Write a `Transformer` as version 1 of a model to serve, with this tokenizer and the same signature.

    Args:
        shape: further arguments of `Transformer`, where it is to have another than BERT-base's.
    """
    with silenced_stderr():
        import tensorflow as tf

        from pipeline.benchmarks.transformer import Transformer
        from pipeline.serving.graph import Serving
        from pipeline.text.tokenizer import Tokenizer

    tokenizer, version = Tokenizer(tokenize), base / "1"
    model = Transformer(len(tokenizer.vocabulary), max_length, **shape)
    model(tf.ones([1, 1], tf.int32))
    serving = Serving(tokenizer, model, max_length)
    tf.saved_model.save(serving, str(version), signatures={"serving_default": serving.__call__})
    outputs = hash_files(version)
    sealed = SealedVersion(version=1, data="", model="transformer", export="", run_id="", outputs=outputs)
    write_atomically(version / MANIFEST, sealed.model_dump_json())


def time_keras(tokenize: Path, train: Path, texts: list[str], seconds: float) -> Load:
    """Call `model.predict` for one text after the other."""
    with silenced_stderr():
        from pipeline.model.saving import load
        from pipeline.text.batching import encode, pad
        from pipeline.text.tokenizer import Tokenizer

    tokenizer, model = Tokenizer(tokenize), load(train)
    max_length = int(read_manifest(train).config["max_length"])
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        model.predict(pad(encode(tokenizer, [texts[len(times) % len(texts)]], max_length)), verbose=0)
        times.append(time.perf_counter() - start)
    return summed_up(0, times[3:] or times, sum(times[3:]) or seconds, 0)  # the first ones trace the graph
