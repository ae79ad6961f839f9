"""The user interface opens on the store as it stands, or says in one line why not."""

import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import ui
from pipeline.__main__ import main
from pipeline.support.environment import prepare_environment


def opened(artifacts: Path) -> int:
    return main(["ui", "--artifacts", str(artifacts), "--data", "maekrak", "--cell", "lstm", "--preset", ""])


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db").touch()
    experiments = [
        SimpleNamespace(experiment_id=id, name=name, tags={"maekrak_data": name} if id else {})
        for id, name in enumerate(("Default", "nsmc"))
    ]
    store = SimpleNamespace(search_experiments=lambda: experiments)
    monkeypatch.setattr(ui, "connect", lambda artifacts: prepare_environment() or store)
    monkeypatch.delenv("MLFLOW_HOST", raising=False)
    return tmp_path


def test_a_port_that_is_taken_is_one_line(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("MLFLOW_PORT", str(port))
        assert opened(artifacts) == 1
    line = f"error: port {port} of 127.0.0.1 is taken; choose another: make ui MLFLOW_PORT=5001\n"
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("MLFLOW_PORT", "many", "error: MLFLOW_PORT=many: must be a number from 1 to 65535"),
        (
            "MLFLOW_HOST",
            "203.0.113.1",
            "error: MLFLOW_HOST=203.0.113.1 MLFLOW_PORT=5000: Cannot assign requested address\n",
        ),
    ],
)
def test_where_nothing_can_listen_is_one_line(
    variable: str,
    value: str,
    line: str,
    artifacts: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.delenv("MLFLOW_PORT", raising=False)
    monkeypatch.setenv(variable, value)
    assert opened(artifacts) == 1
    said = capsys.readouterr().err
    assert said.startswith(line) and said.count("\n") == 1


def test_without_a_store_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert opened(tmp_path) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'mlflow'}: no runs yet; run make all\n"


def test_it_is_mlflow_s_own_in_this_interpreter(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, command: became.append([path, *command]))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    monkeypatch.setenv("MLFLOW_PORT", port)
    assert opened(artifacts) == 0
    uri = f"sqlite:///{artifacts}/mlflow/mlflow.db"
    options = ["--backend-store-uri", uri, "--host", "127.0.0.1", "--port", port]
    page = f"http://127.0.0.1:{port}/#/experiments/1?workflowType=machine_learning"
    assert capsys.readouterr().err == f"nsmc: {page}\n"
    assert "PYTHONPATH" not in os.environ
    assert became == [[sys.executable, sys.executable, "-m", "mlflow", "ui", *options]]


def test_where_mlflow_is_imported_through_a_link_so_is_its_server(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    monkeypatch.setattr(ui, "import_through_link", lambda: "/a/link")
    monkeypatch.setattr(ui, "_check_free", lambda host, port: None)
    monkeypatch.setattr(os, "execv", lambda *_: found.append(os.environ["PYTHONPATH"]))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert opened(artifacts) == 0
    assert found == ["/a/link"]
    del os.environ["PYTHONPATH"]
