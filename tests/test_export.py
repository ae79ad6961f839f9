"""The exported model answers every text, as the Keras model does, with TensorFlow and TensorFlow Text alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.overlays import load_config
from pipeline.config.schema import Config
from pipeline.export import export
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.serving.saved_model import batches, load_serving, predict_all
from pipeline.serving.warm_up import read_requests
from pipeline.text.batching import encode
from pipeline.text.reviews import write_reviews
from pipeline.text.tokenizer import Tokenizer
from tests.conftest import seal, small_reviews

ODD = ["", "   ", "😀😀😀", "a\0b", "죽" * 10_000, "\u200b\ufeff", "줄\n바꿈\t탭", "ᄒ\u1161\u11ab글"]

ALONE = """
import json, sys
class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"pipeline", "mlflow", "sentencepiece", "sklearn", "tensorflow_datasets"}:
            raise ImportError(f"{name} must not be needed")
sys.meta_path.insert(0, Forbid())
import tensorflow as tf, tensorflow_text
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
answer = serve(text=tf.constant(json.loads(sys.argv[2])))
assert list(answer) == ["positive"] and answer["positive"].dtype == tf.float32, answer
print(json.dumps(answer["positive"].numpy().tolist()))
"""


@pytest.fixture(scope="module")
def exported(
    tmp_path_factory: pytest.TempPathFactory,
    config: Config,
    ingest_folder: Path,
    tokenize_folder: Path,
    train_folder: Path,
    evaluated_folder: Path,
) -> Path:
    learns = load_config("maekrak", "lstm", "pretrain.objective=language_model pretrain.unsupervised=true")
    pretrained = tmp_path_factory.mktemp("pretrain")
    seal(pretrained, learns, "pretrain", {})
    report = {
        "origin": "a test",
        "sources": {"reviews": "0" * 64},
        "splits": {name: {"reviews": 1000} for name in ("train", "dev", "test")} | {"unsupervised": {"reviews": 2000}},
    }
    ingest = tmp_path_factory.mktemp("ingest")
    (ingest / "report.json").write_text(json.dumps(report))
    write_reviews(ingest / "test.parquet", [(text, 0) for text in ODD] + small_reviews(40, seed=5))
    out = tmp_path_factory.mktemp("export")
    metrics = export(config.export, ingest, tokenize_folder, pretrained, train_folder, evaluated_folder, out)
    assert metrics["compared_texts"] == 40
    assert metrics["largest_difference"] <= config.export.tolerance
    return out


def test_it_needs_only_tensorflow_and_tensorflow_text(
    exported: Path, tokenize_folder: Path, train_folder: Path
) -> None:
    (version,) = (exported / "saved_model").iterdir()
    assert version.name.isdigit()
    assert {request.signature for request in read_requests(version)} == {"serving_default", "explain"}
    texts = [text for text in ODD if "\0" not in text]
    arguments = [sys.executable, "-c", ALONE, str(version), json.dumps(texts)]
    answer = json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)
    expected = predict_proba(load(train_folder), encode(Tokenizer(tokenize_folder), texts, 128))
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_odd_texts_alone_and_together_get_the_same_answer(exported: Path) -> None:
    texts = [text.encode() for text in ODD] + [b"\xff\xfe"]
    together = predict_all(exported, texts)
    assert all(0 <= p <= 1 for p in together)
    alone = [predict_all(exported, [text])[0] for text in texts[:3]]
    np.testing.assert_allclose(together[:3], alone, atol=1e-5)


@pytest.fixture(scope="module")
def serve(exported: Path) -> Callable[[list[bytes]], list[float]]:
    return load_serving(exported)


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_get_an_answer(serve: Callable[[list[bytes]], list[float]], texts: list[bytes]) -> None:
    assert len([p for batch in batches(texts) for p in serve(batch)]) == len(texts)


def test_the_card_holds_the_figures(exported: Path) -> None:
    card = (exported / "MODEL_CARD.md").read_text("utf-8")
    assert "| Accuracy on test | 0.9" in card or "| Accuracy on test | 1.0" in card
    assert "read from a test: 2,000 without labels to learn from first, 1,000 reviews to train on" in card
    assert "{" not in card
