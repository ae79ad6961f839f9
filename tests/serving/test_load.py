"""The service under many clients: swaps of versions, an end in the middle, malformed requests."""

import json
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.serving.versions import publish
from tests.serving.conftest import Server
from tests.serving.test_service import GOLDEN, test_golden

TEXTS = ["배우들 연기가 정말 좋았다", "결말이 너무 별로였다", "", "음악이 훌륭하다 " * 20, "a\0b"]


class Clients:
    """Clients that ask without a pause, until they are stopped; what they were answered, by status."""

    def __init__(self, server: Server, count: int) -> None:
        self.server, self.stopped = server, threading.Event()
        self.expected = server.probabilities(TEXTS)
        self.answers: Counter[int | str] = Counter()
        self.threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def _ask(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self.stopped.is_set():
            rows = [chance.randrange(len(TEXTS)) for _ in range(chance.randint(1, 9))]
            try:
                answer = self.server.predict({"inputs": [TEXTS[row] for row in rows]})
            except OSError as error:
                self.answers[type(error).__name__] += 1
                continue
            self.answers[answer.status] += 1
            if answer.status == 200 and not np.allclose(answer.json["outputs"], self.expected[rows], atol=1e-5):
                self.answers["another answer"] += 1

    def stop(self) -> Counter[int | str]:
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        return self.answers


def swap(server: Server, template: Path, base: Path, number: int, pause: float = 0) -> None:
    """Publish a version, half of which is there for a while before, and wait until it is served."""
    export = base.parent / f"export{number}"
    shutil.copytree(template, export)
    (export / "saved_model" / "7").rename(export / "saved_model" / str(number))
    manifest = (export / "manifest.json").read_text().replace("saved_model/7/", f"saved_model/{number}/")
    (export / "manifest.json").write_text(manifest)
    (base / str(number)).mkdir()
    time.sleep(pause)
    publish(export, base, kept=2)
    shutil.rmtree(export)
    deadline = time.monotonic() + 300
    while f'"version":"{number}","state":"AVAILABLE"' not in server.ask("GET", "/v1/models/shop").body.decode():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def swap_under_load(server: Server, template: Path, base: Path, clients: int, swaps: int, pause: float) -> None:
    asking = Clients(server, clients)
    for number in range(101, 101 + swaps):
        swap(server, template, base, number, pause)
    answers = asking.stop()
    assert set(answers) == {200}, answers
    assert answers[200] > 50


@pytest.fixture
def own_server(sealed_export: Path, tmp_path: Path) -> Iterator[Server]:
    publish(sealed_export, tmp_path / "serving", kept=2)
    server = Server(tmp_path / "serving")
    yield server
    server.process.kill()  # where a test failed before it stopped it


def test_versions_are_swapped_and_an_end_loses_nothing(own_server: Server, sealed_export: Path, tmp_path: Path) -> None:
    swap_under_load(own_server, sealed_export, tmp_path / "serving", clients=4, swaps=1, pause=0.2)
    asking = Clients(own_server, 8)
    time.sleep(0.5)
    assert own_server.stop() == 0
    time.sleep(0.1)
    answers = asking.stop()
    # What wasn't accepted any more is told so by the connection; what was, is answered.
    refused = {name: answers.pop(name, 0) for name in ("RemoteDisconnected", "ConnectionResetError", "BrokenPipeError")}
    assert sum(refused.values()) <= 8  # those that were just connecting, at most one a client
    assert set(answers) <= {200, "ConnectionRefusedError"}, answers


@pytest.mark.full
def test_ten_swaps_at_sixteen_clients(own_server: Server, sealed_export: Path, tmp_path: Path) -> None:
    start = time.monotonic()
    swap_under_load(own_server, sealed_export, tmp_path / "serving", clients=16, swaps=10, pause=6)
    assert time.monotonic() - start > 60
    own_server.stop()


@pytest.mark.slow
def test_fifty_corrupt_versions_come_and_the_old_one_serves_on(
    own_server: Server, sealed_export: Path, tmp_path: Path
) -> None:
    """Bytes changed, cut off or added, a file gone, half of them there: under load, and each is told of."""
    base, chance, asking = tmp_path / "serving", random.Random(2), Clients(own_server, 4)
    files = sorted(path.relative_to(base / "7") for path in (base / "7").rglob("*") if path.is_file())
    for number in range(101, 151):
        folder = tmp_path / f"aside{number}"
        shutil.copytree(base / "7", folder)
        manifest = (folder / "manifest.json").read_text()
        (folder / "manifest.json").write_text(manifest.replace('"version": 7', f'"version": {number}'))
        path = folder / chance.choice([file for file in files if file.name != "manifest.json"])
        damage, content = number % 5, path.read_bytes()
        if damage == 0:
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        elif damage == 1:
            path.write_bytes(content[: len(content) // 2])
        elif damage == 2:
            path.write_bytes(content + b"more")
        elif damage == 3:
            path.unlink()
        else:
            for other in files[: len(files) // 2]:
                (folder / other).unlink()
        folder.rename(base / str(number))
    deadline = time.monotonic() + 300
    refused = 'maekrak_version_loads_total{model_name="shop",outcome="refused"} 50.0'
    while refused not in own_server.ask("GET", "/monitoring/prometheus/metrics").body.decode():
        assert time.monotonic() < deadline, own_server.log[-3:]
        time.sleep(0.2)
    answers = asking.stop()
    assert set(answers) == {200} and answers[200] > 50
    states = own_server.ask("GET", "/v1/models/shop").json["model_version_status"]
    assert [one["version"] for one in states if one["state"] == "AVAILABLE"] == ["7"]
    assert sum(one["status"]["error_code"] == "FAILED_PRECONDITION" for one in states) == 50
    own_server.stop()


@pytest.mark.full
def test_memory_does_not_grow_over_fifty_reloads(own_server: Server, sealed_export: Path, tmp_path: Path) -> None:
    process = psutil.Process(own_server.process.pid)
    for number in range(101, 111):
        swap(own_server, sealed_export, tmp_path / "serving", number)
    before = process.memory_info().rss
    for number in range(111, 161):
        swap(own_server, sealed_export, tmp_path / "serving", number)
    grown = process.memory_info().rss / before - 1
    own_server.stop()
    assert grown < 0.05, grown


def test_alone_or_among_others_the_same(server: Server) -> None:
    alone = [server.probabilities([text])[0] for text in TEXTS]
    with ThreadPoolExecutor(16) as pool:
        many = list(pool.map(lambda n: server.probabilities(TEXTS[n % 5 :] + TEXTS[: n % 5]), range(60)))
    for n, found in enumerate(many):
        np.testing.assert_allclose(np.roll(found, n % 5), alone, atol=1e-5)


# Malformed requests: whatever is asked, no 5xx, no exit, and those who ask rightly notice nothing.

RIGHT = b'{"instances": ["good", "\\ud83d"]}'
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("좋다"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["text", "b64", "txt", ""]) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=60),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {}, optional={"instances": VALUES, "inputs": VALUES, "signature_name": VALUES | st.just("explain")}
    ).map(lambda value: json.dumps(value).encode()),
    st.builds(lambda at, byte: RIGHT[:at] + bytes([byte]) + RIGHT[at + 1 :], st.integers(0, 33), st.integers(0, 255)),
)
PATHS = st.sampled_from(
    ["/v1/models/shop:predict"] * 6
    + ["/v1/models/shop/labels/stable:predict", "/v1/models/shop/versions/7:predict", "/v1/models/%ff%00:predict"]
    + ["/v1/models/shop:explode", "/v1/models//:predict", "/v1/%2e%2e/%2e%2e/etc/passwd", "/", "/healthz"]
)


def check_malformed(server: Server, method: str, path: str, body: bytes) -> None:
    answer = server.ask(method, path, body)
    assert answer.status < 500, (path, body, answer.body)
    assert b"Traceback" not in answer.body and b"pipeline" not in answer.body and len(answer.body) < 40_000
    if answer.status == 400:
        assert list(answer.json) == ["error"]


@settings(max_examples=150)
@given(method=st.sampled_from(["POST"] * 5 + ["GET", "PUT", "OPTIONS"]), path=PATHS, body=BODIES)
def test_malformed_requests(server: Server, method: str, path: str, body: bytes) -> None:
    check_malformed(server, method, path, body)


def test_the_right_answer_after_malformed_requests(server: Server) -> None:
    assert server.process.poll() is None
    assert server.probabilities(TEXTS).shape == (5,)
    assert not any("Traceback" in line for line in server.log)


@pytest.mark.slow
@settings(max_examples=2000)
@given(method=st.sampled_from(["POST"] * 5 + ["GET", "PUT", "OPTIONS"]), path=PATHS, body=BODIES)
def test_many_malformed_requests(server: Server, method: str, path: str, body: bytes) -> None:
    check_malformed(server, method, path, body)


@pytest.mark.slow
def test_golden_answers_after_many_malformed_requests(server: Server) -> None:
    for row in GOLDEN:
        test_golden(server, row)
    test_the_right_answer_after_malformed_requests(server)
