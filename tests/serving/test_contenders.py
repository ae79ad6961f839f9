"""What the service is timed beside is asked as the service is, and answers for each text."""

import json
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from pipeline.serving.contenders import export_transformer, our_service, time_keras
from pipeline.serving.http.models import load_version

TEXTS = ["배우들 연기가 정말 좋았다", "", "결말이 너무 별로였다 " * 40]


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory, tokenize_folder: Path) -> Path:
    base = tmp_path_factory.mktemp("transformer")
    export_transformer(tokenize_folder, 64, base, layers=2, width=16, heads=2, inner=32)
    return base


def test_a_transformer_is_a_version_like_ours(transformer: Path) -> None:
    predict = load_version(transformer / "1").signatures["serving_default"].predict
    texts = [text.encode() for text in TEXTS]
    together = predict(texts)["positive"]
    assert together.shape == (3,) and np.ptp(together) > 0.001
    np.testing.assert_allclose([predict([text])["positive"][0] for text in texts], together, atol=1e-5)  # padding


def test_keras_is_asked_for_one_text_at_a_time(tokenize_folder: Path, train_folder: Path) -> None:
    load = time_keras(tokenize_folder, train_folder, TEXTS, seconds=1.5)
    assert load.failed == 0 and 0 < load.p50 <= load.p99
    assert load.per_second == pytest.approx(1000 / load.p50, rel=3)


@pytest.mark.slow
def test_the_service_is_started_answers_and_is_ended(transformer: Path) -> None:
    with our_service(transformer, "other", threads=0) as server:
        body = json.dumps({"instances": TEXTS}).encode()
        with urllib.request.urlopen(urllib.request.Request(server.url, body)) as answer:
            assert len(json.load(answer)["predictions"]) == 3
        assert server.started > 0
    assert server.process.poll() == 0
