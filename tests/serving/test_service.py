"""The running service, asked as users ask it."""

import json
import re
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.serving.saved_model import predict_all
from tests.serving.conftest import Server

GOLDEN = yaml.safe_load((Path(__file__).parent / "golden.yaml").read_text("utf-8"))


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['path']} {row.get('body', '')}"[:60])
def test_golden(server: Server, row: dict[str, Any]) -> None:
    body = row["body"].encode() if "body" in row else None
    method = row.get("method", "GET" if body is None else "POST")
    answer = server.ask(method, row["path"].replace("VERSION", "7"), body, row.get("headers"))
    assert answer.status == row.get("status", 200), answer.body
    assert "/home" not in answer.body.decode() and "Traceback" not in answer.body.decode()
    if "answer" in row:
        assert_same(server, answer.json, row["answer"])
    elif "error" in row:
        assert answer.json == {"error": row["error"]}
    elif "has" in row:
        assert row["has"] in answer.json["error"]
    if row["path"].lower().startswith("/v1/"):
        assert answer.headers["content-type"] == "application/json"


def assert_same(server: Server, found: Any, expected: Any) -> None:
    """Compare, with `p(TEXT)` for the probability that the text has when it is asked for alone."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_same(server, found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(server, one, other)
    elif text := re.fullmatch(r"p\((.*)\)", expected):
        np.testing.assert_allclose(found, server.probabilities([text[1]])[0], atol=1e-5)
    else:
        assert found == expected.replace("VERSION", "7")


def test_it_answers_what_the_saved_model_does(server: Server, sealed_export: Path) -> None:
    texts = [
        "",
        "   ",
        "😀",
        "a\0b",
        "죽" * 5000,
        "\u200b\ufeff",
        "줄\n바꿈\t탭",
        "배우들 연기가 정말 좋았다",
        "ᄒ\u1161ab",
    ]
    expected = predict_all(sealed_export, [text.encode() for text in texts])
    np.testing.assert_allclose(server.probabilities(texts), expected, atol=1e-5)
    alone = [server.probabilities([text])[0] for text in texts]
    np.testing.assert_allclose(alone, expected, atol=1e-5)
    assert np.ptp(expected) > 0.01


def test_metadata_names_the_signatures(server: Server) -> None:
    answer = server.ask("GET", "/v1/models/shop/metadata").json
    assert answer["model_spec"] == {"name": "shop", "signature_name": "", "version": "7"}
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "explain", "__saved_model_init_op"}
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"
    assert signatures["serving_default"]["inputs"] == {
        "text": {
            "dtype": "DT_STRING",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
            "name": "serving_default_text:0",
        }
    }


def test_an_explanation_has_a_row_for_each_text(server: Server) -> None:
    texts = ["배우들 연기가 정말 좋았다", "별로"]
    columns = server.predict({"inputs": texts, "signature_name": "explain"}).json["outputs"]
    rows = server.predict({"instances": texts, "signature_name": "explain"}).json["predictions"]
    assert [row["pieces"] for row in rows] == columns["pieces"]
    np.testing.assert_allclose(columns["positive"], server.probabilities(texts), atol=1e-5)
    for row in rows:
        count = sum(piece != "" for piece in row["pieces"])
        np.testing.assert_allclose(row["after"][count - 1], row["positive"], atol=1e-5)
        assert {name for name in row if name.startswith("gate_")} >= {"gate_input", "gate_forget"}
    refused = server.predict({"inputs": ["a"] * 17, "signature_name": "explain"})
    assert refused.status == 400 and "17 texts to explain" in refused.json["error"]


def test_metrics_count_by_status_under_the_names_of_tensorflow_serving(server: Server) -> None:
    def value(name: str) -> float:
        text = server.ask("GET", "/monitoring/prometheus/metrics").body.decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    good, bad, times = (
        ':tensorflow:serving:request_count{model_name="shop",status="OK"}',
        ':tensorflow:serving:request_count{model_name="shop",status="BAD_REQUEST"}',
        ':tensorflow:serving:request_latency_count{API="Predict",entrypoint="REST",model_name="shop"}',
    )
    before = [value(name) for name in (good, bad, times)]
    assert server.predict({"inputs": ["a"]}).status == 200
    assert server.predict({"inputs": [1]}).status == 400
    assert [value(name) for name in (good, bad, times)] == [before[0] + 1, before[1] + 1, before[2] + 1]
    assert value('maekrak_served_version{model_name="shop"}') == 7
    assert value("maekrak_batch_texts_count") > 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * (1 << 20) + b"x", 413),
        (json.dumps({"inputs": ["a"] * 1025}).encode(), 400),
        (json.dumps({"instances": ["a"] * 1025}).encode(), 400),
        (json.dumps({"instances": ["a" * 10_001]}).encode(), 400),
        (b'{"instances":[' + b"[" * 100_000, 400),
        (b'{"a":' * 5000, 400),
        (b'{"instances":["\xff"]}', 400),
        (b'{"instances":[' + b"1" * 10_000 + b"]}", 400),
        (b'{"instances":["\x00"]}', 400),
    ],
)
def test_limits(server: Server, body: bytes, status: int) -> None:
    answer = server.predict(body)
    assert answer.status == status, answer.body
    assert list(answer.json) == ["error"] and len(answer.body) < 600
    assert server.predict({"inputs": ["a" * 10_000] + ["b"] * 1023}).status == 200


def test_chunked_bodies_are_counted(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"POST /v1/models/shop:predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(17):
            raw.sendall(chunk)
        raw.sendall(b"0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_a_slow_client_is_answered_and_left(server: Server) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port)) as body,
        socket.create_connection(("127.0.0.1", server.port)) as head,
    ):
        body.sendall(b"POST /v1/models/shop:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        head.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        start = time.monotonic()
        for raw in (body, head):
            raw.settimeout(30)
            assert raw.recv(100).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - start < 20


def test_the_page_may_load_nothing_from_elsewhere(server: Server) -> None:
    answer = server.ask("GET", "/")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert "access-control-allow-origin" not in answer.headers
