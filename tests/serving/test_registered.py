"""What MLflow loads and serves answers the same texts with the same numbers, however they are given."""

import socket
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from pipeline.serving.saved_model import predict_all

TEXTS = ["배우들 연기가 정말 좋았다", "별로", ""]
BODIES = {
    "inputs": {"inputs": TEXTS},
    "instances": {"instances": TEXTS},
    "a dict": {"inputs": {"text": TEXTS}},
    "split JSON": {"dataframe_split": {"columns": ["text"], "data": [[text] for text in TEXTS]}},
    "records": {"dataframe_records": [{"text": text} for text in TEXTS]},
}


@pytest.mark.slow
def test_mlflow_answers_the_same(
    versions: Path,
    sealed_export: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow
    import uvicorn
    from mlflow.pyfunc import scoring_server

    from pipeline.artifact.files import PACKAGE

    path = tmp_path / "model"
    mlflow.pyfunc.save_model(
        path,
        python_model=str(PACKAGE / "serving" / "registered.py"),
        artifacts={"saved_model": str(versions / "7")},
        pip_requirements=["tensorflow"],
    )
    model = mlflow.pyfunc.load_model(str(path))
    assert not [str(one.message) for one in recwarn if "type hints" in str(one.message)]  # at the end of `make all`
    expected = predict_all(sealed_export, [text.encode() for text in TEXTS])
    for given in (TEXTS, pd.DataFrame({"text": TEXTS}), pd.DataFrame({"review": TEXTS}), {"text": TEXTS}):
        np.testing.assert_allclose(model.predict(given), expected, atol=1e-5)

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(scoring_server.init(model), log_level="error")
    threading.Thread(target=uvicorn.Server(config).run, args=([listening],), daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/ping", timeout=5)
            break
        except requests.ConnectionError:
            time.sleep(0.1)
    for name, body in BODIES.items():
        answer = requests.post(f"{url}/invocations", json=body, timeout=60)
        assert answer.status_code == 200, (name, answer.text)
        np.testing.assert_allclose(answer.json()["predictions"], expected, atol=1e-5)
