"""A small model, sealed as a version to serve, and a server of it in a process of its own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.schema import Config
from pipeline.serving.versions import publish
from tests.conftest import seal

SERVE = """
import sys
from pathlib import Path
from pipeline.serving.http.server import Address, configs_of, run
base, name, config, host, cors = sys.argv[1:]
address = Address(host, 0, cors=bool(cors), patience=2)
run(configs_of(Path(config) if config else None, name, Path(base)), address)
"""


@pytest.fixture(scope="session")
def classifier(tokenize_folder: Path, config: Config) -> tuple[Any, Any]:
    """A tokenizer, and a classifier whose weights are as they were drawn."""
    import keras

    from pipeline.model.classifier import build_classifier
    from pipeline.text.tokenizer import Tokenizer

    keras.utils.set_random_seed(1)  # which forgets tokenizers that were there before
    tokenizer = Tokenizer(tokenize_folder)
    model = build_classifier(config.train, len(tokenizer.vocabulary))
    model.set_weights([20 * weights for weights in model.get_weights()])  # so that probabilities differ
    return tokenizer, model


@pytest.fixture(scope="session")
def export_version(classifier: tuple[Any, Any], config: Config) -> Callable[[Path, int], Path]:
    """A function that exports a version of the classifier into a folder, sealed as `export` does."""
    from pipeline.serving.explanation import Explanation, write_saved_model
    from pipeline.serving.graph import Serving
    from pipeline.serving.warm_up import choose_requests, write_requests

    tokenizer, model = classifier

    def export_version(out: Path, number: int) -> Path:
        serving, version = Serving(tokenizer, model, 128), out / "saved_model" / str(number)
        write_saved_model(serving, Explanation(serving, model), version)
        write_requests(version, "shop", choose_requests(["a" * n for n in range(20)]))
        seal(out, config, "export", {})
        return out

    return export_version


@pytest.fixture(scope="session")
def sealed_export(tmp_path_factory: pytest.TempPathFactory, export_version: Callable[[Path, int], Path]) -> Path:
    return export_version(tmp_path_factory.mktemp("model") / "export", 7)


@pytest.fixture(scope="session")
def versions(sealed_export: Path) -> Path:
    """The folder of versions to serve, with one in it, and a `models.config` beside it."""
    base = sealed_export.parent / "serving"
    publish(sealed_export, base, kept=2)
    (base.parent / "models.config").write_text(models_config("serving", {"stable": 7}))
    return base


def models_config(base: str, labels: dict[str, int], policy: str = "latest { num_versions: 1 }") -> str:
    written = " ".join(f'version_labels {{ key: "{key}" value: {value} }}' for key, value in labels.items())
    model = f'name: "shop" base_path: "{base}" model_version_policy {{ {policy} }} {written}'
    return f"model_config_list {{ config {{ {model} }} }}"


class Answer:
    """What came back: status, headers, body."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A service in a process of its own, on a free port."""

    def __init__(self, base: Path, config: Path | str = "", host: str = "127.0.0.1", cors: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(base), "shop", str(config), host, cors],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        )
        assert self.process.stderr
        self.log: list[str] = []
        self.port = 0
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.match(r"http://[^/]*:(\d+)/ serves", line):
                self.port = int(found[1])
                break
        assert self.port, "".join(self.log)
        threading.Thread(target=lambda: self.log.extend(self.process.stderr or ()), daemon=True).start()

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def predict(self, value: Any, path: str = "/v1/models/shop:predict") -> Answer:
        return self.ask("POST", path, value if isinstance(value, bytes) else json.dumps(value).encode())

    def probabilities(self, texts: list[str]) -> np.ndarray:
        answer = self.predict({"inputs": texts})
        assert answer.status == 200, answer.body
        return np.array(answer.json["outputs"], np.float32)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture(scope="session")
def server(versions: Path) -> Iterator[Server]:
    server = Server(versions, versions.parent / "models.config")
    yield server
    assert server.stop() == 0
