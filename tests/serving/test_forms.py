"""The five forms of a model, in memory, `.keras`, SavedModel, pyfunc and REST, say one thing of hostile texts."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.artifact.files import PACKAGE
from pipeline.model.inference import predict_proba
from pipeline.model.saving import save
from pipeline.serving.saved_model import predict_all
from pipeline.text.batching import encode
from pipeline.text.tokenizer import Tokenizer
from tests.robustness.test_hostile_texts import hostile_texts
from tests.serving.conftest import Server


def by_rest(server: Server, texts: list[bytes]) -> list[float]:
    body = {"inputs": [{"b64": b64encode(text).decode()} for text in texts]}
    answer = server.predict(body)
    assert answer.status == 200, answer.body
    return list(answer.json["outputs"])


@pytest.mark.slow
def test_five_forms_agree_on_a_thousand_hostile_texts(
    tokenize_folder: Path,
    classifier: tuple[Any, Any],
    server: Server,
    sealed_export: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    (_, model), texts = classifier, hostile_texts(1000)
    ids = encode(Tokenizer(tokenize_folder), tf.constant(texts), 128)
    save(model, tmp_path / "model.keras")
    mlflow.pyfunc.save_model(
        tmp_path / "pyfunc",
        python_model=str(PACKAGE / "serving" / "registered.py"),
        artifacts={"saved_model": str(sealed_export / "saved_model" / "7")},
        pip_requirements=["tensorflow"],
    )
    memory = predict_proba(model, ids)
    forms = {
        ".keras": predict_proba(keras.saving.load_model(tmp_path / "model.keras"), ids),
        "SavedModel": predict_all(sealed_export, texts),
        "pyfunc": mlflow.pyfunc.load_model(str(tmp_path / "pyfunc")).predict(
            [text.decode("utf-8", "replace") for text in texts]  # it takes strings, as ingest reads them
        ),
        "REST": [p for start in range(0, 1000, 50) for p in by_rest(server, texts[start : start + 50])],
        "REST, alone": [p for text in texts[:200] for p in by_rest(server, [text])],
    }
    assert np.ptp(memory) > 0.1
    for name, found in forms.items():
        np.testing.assert_allclose(found, memory[: len(found)], atol=1e-5, rtol=0, err_msg=name)
