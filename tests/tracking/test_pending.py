"""Tracking never costs a training: what can't be logged is kept, and logged by the next command."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifact.manifest import Manifest, hash_files, read_manifest
from pipeline.support.errors import UserError
from pipeline.tracking import pending, stages
from pipeline.tracking.champion import champion_run
from pipeline.tracking.history import model_runs
from pipeline.tracking.pending import log_pending
from pipeline.tracking.store import connect

ROOT = Path(__file__).parents[2]
METRICS = {"ingest": {"train_reviews": 9.0}, "train": {"dev_accuracy": 0.9}, "evaluate": {"test_accuracy": 0.8}}


def seal(folder: Path, stage: str, inputs: dict[str, Manifest], **changes: Any) -> Manifest:
    """Seal an artifact with one file, not logged yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curves.json").write_text('{"accuracy": [0.5, 0.9]}', "utf-8")
    made: dict[str, Any] = {
        "stage": stage, "data": "shop", "model": None if stage == "ingest" else "lstm",
        "config": {"seed": 1, "dataset": "shop"}, "inputs": {name: read.digest for name, read in inputs.items()},
        "code": {}, "libraries": {}, "outputs": hash_files(folder), "metrics": METRICS[stage], "seconds": 1.0,
        "run_id": "",
    }  # fmt: skip
    manifest = Manifest.model_validate(made | changes)
    (folder / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
    return manifest


@pytest.fixture
def artifacts(tmp_path: Path, empty_store: Path) -> Path:
    """Three sealed stages, and an empty store."""
    root = tmp_path / "artifacts"
    ingest = seal(root / "shop" / "ingest", "ingest", {})
    train = seal(root / "shop" / "lstm" / "train", "train", {"ingest": ingest})
    seal(root / "shop" / "lstm" / "evaluate", "evaluate", {"ingest": ingest, "train": train})
    (root / "mlflow").mkdir()
    shutil.copy(empty_store, root / "mlflow")
    return root


def run_ids(artifacts: Path) -> dict[str, str]:
    return {path.parent.name: read_manifest(path.parent).run_id for path in sorted(artifacts.rglob("manifest.json"))}


def test_what_failed_is_said_in_one_line_and_logged_by_the_next_command(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    path = artifacts / "shop" / "lstm" / "train" / "manifest.json"
    os.utime(path, (9, 9))
    with monkeypatch.context() as patch:
        patch.setattr(pending, "log_stage", lambda *_: 1 / 0)
        log_pending(artifacts)
    line = "mlflow: shop/ingest and 2 more not logged (ZeroDivisionError: division by zero); kept, and logged by the "
    assert capsys.readouterr().err == f"{line}next command\n"
    assert set(run_ids(artifacts).values()) == {""}
    log_pending(artifacts)
    assert capsys.readouterr().err == ""
    ids = run_ids(artifacts)
    assert ids["train"] == ids["evaluate"] != ids["ingest"] != ""
    assert path.stat().st_mtime == 9  # make would take it for a new one
    (run,) = model_runs(artifacts, "shop")
    assert (run.run_id, run.metrics["test_accuracy"]) == (ids["train"], 0.8)
    monkeypatch.setattr(pending, "log_stage", lambda *_: 1 / 0)
    log_pending(artifacts)  # nothing to do
    assert capsys.readouterr().err == ""


def test_a_run_that_a_killed_process_left_is_completed_or_marked(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        os._exit(9)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(stages, "_log_curves", killed)
        seal(artifacts / "shop" / "ingest", "ingest", {}, seconds=7.0)  # an artifact that is then made again
        log_pending(artifacts)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    seal(artifacts / "shop" / "ingest", "ingest", {})
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(stages, "_log_curves", killed)
        log_pending(artifacts)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    mlflow = connect(artifacts)

    def statuses() -> list[tuple[str, str]]:
        runs = mlflow.search_runs(experiment_names=["shop"], output_format="list")
        return sorted((run.info.status, run.info.run_name) for run in runs)

    assert ("RUNNING", "ingest") in statuses()
    log_pending(artifacts)
    assert statuses() == [("FINISHED", "ingest"), ("FINISHED", "lstm"), ("KILLED", "ingest")]


def test_a_renamed_experiment_is_found_and_goes_on(artifacts: Path) -> None:
    log_pending(artifacts)
    client = connect(artifacts).MlflowClient()
    client.rename_experiment(client.get_experiment_by_name("shop").experiment_id, "my shop")
    train = seal(artifacts / "shop" / "lstm" / "train", "train", {}, seconds=2.0)
    seal(artifacts / "shop" / "lstm" / "evaluate", "evaluate", {"train": train})
    log_pending(artifacts)
    assert len(model_runs(artifacts, "shop")) == 2
    assert client.get_experiment_by_name("shop") is None


@pytest.mark.parametrize("what", ["run", "experiment"])
def test_what_was_deleted_is_restored_when_a_stage_logs_to_it(
    what: str, artifacts: Path, capsys: pytest.CaptureFixture
) -> None:
    log_pending(artifacts)
    client, run_id = connect(artifacts).MlflowClient(), run_ids(artifacts)["train"]
    if what == "run":
        client.delete_run(run_id)
    else:
        client.delete_experiment(client.get_experiment_by_name("shop").experiment_id)
    train = read_manifest(artifacts / "shop" / "lstm" / "train")
    seal(artifacts / "shop" / "lstm" / "evaluate", "evaluate", {"train": train}, seconds=3.0)
    log_pending(artifacts)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith(f"mlflow: the {what} ") and "is restored" in said[0]
    assert run_ids(artifacts)["evaluate"] == run_id
    assert client.get_run(run_id).data.metrics["evaluate_seconds"] == 3.0


def test_a_run_that_is_gone_is_logged_again(artifacts: Path, empty_store: Path, capsys: pytest.CaptureFixture) -> None:
    log_pending(artifacts)
    lost = run_ids(artifacts)["train"]
    for name in ("ingest", "train", "evaluate"):  # as if by a store that lost them
        folder = artifacts / "shop" / ("" if name == "ingest" else "lstm") / name
        text = (folder / "manifest.json").read_text("utf-8").replace(lost, "f" * 32)
        (folder / "manifest.json").write_text(text, "utf-8")
    inputs = {"train": read_manifest(artifacts / "shop" / "lstm" / "train")}
    seal(artifacts / "shop" / "lstm" / "evaluate", "evaluate", inputs, seconds=4.0)
    log_pending(artifacts)
    assert capsys.readouterr().err == "mlflow: the run of shop, lstm is gone; it is logged again\n"
    ids = run_ids(artifacts)
    assert ids["train"] == ids["evaluate"] != "f" * 32
    metrics = connect(artifacts).get_run(ids["train"]).data.metrics
    assert (metrics["dev_accuracy"], metrics["evaluate_seconds"]) == (0.9, 4.0)


def test_a_store_that_is_gone_is_made_again_with_all_it_held(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged = []
    monkeypatch.setattr(pending, "log_stage", lambda *arguments: logged.append(arguments[1].stage) or "r")
    log_pending(artifacts)
    (artifacts / "mlflow" / "mlflow.db").unlink()
    log_pending(artifacts)
    assert logged == ["ingest", "train", "evaluate"] * 2


def test_what_another_make_is_at_work_on_is_left_to_it(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "log_stage", lambda *_: "r")
    with (artifacts / "shop" / ".ingest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        log_pending(artifacts)
    assert run_ids(artifacts) == {"ingest": "", "train": "r", "evaluate": "r"}


def test_of_other_inputs_it_is_not_logged(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(pending, "log_stage", lambda *_: "r")
    (artifacts / "shop" / "ingest" / "more").touch()
    outputs = hash_files(artifacts / "shop" / "ingest")
    seal(artifacts / "shop" / "ingest", "ingest", {}, outputs=outputs)
    log_pending(artifacts)
    assert run_ids(artifacts) == {"ingest": "r", "train": "", "evaluate": ""}
    assert "(ingest, which it was made from, has changed since)" in capsys.readouterr().err


@pytest.mark.slow
def test_two_on_a_fresh_store_at_once_both_log(tmp_path: Path) -> None:
    for data in ("one", "two"):
        seal(tmp_path / data / "ingest", "ingest", {}, data=data)
    code = (
        f"from pathlib import Path; from pipeline.tracking.pending import log_pending as f; f(Path({str(tmp_path)!r}))"
    )
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert all(read_manifest(tmp_path / data / "ingest").run_id for data in ("one", "two"))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a store that is no SQLite of this project's: here, one in another place."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri := f"sqlite:///{tmp_path}/team.db")
    return uri


def test_a_store_that_is_named_is_used_and_said_once(
    artifacts: Path, empty_store: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shutil.copy(empty_store, tmp_path / "team.db")
    log_pending(artifacts)
    assert capsys.readouterr().err == f"mlflow: runs go to {server}\n"
    (run,) = model_runs(artifacts, "shop")
    assert run.run_id == run_ids(artifacts)["train"] and os.environ["MLFLOW_TRACKING_URI"] == server
    log_pending(artifacts)
    assert capsys.readouterr().err == ""


def test_from_store_to_store_all_is_logged_and_found_again(
    artifacts: Path, empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_pending(artifacts)
    own = run_ids(artifacts)
    shutil.copy(empty_store, tmp_path / "team.db")
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/team.db")
        log_pending(artifacts)
        theirs = run_ids(artifacts)
        assert "" not in theirs.values() and not set(theirs.values()) & set(own.values())
        assert [run.run_id for run in model_runs(artifacts, "shop")] == [theirs["train"]]
    log_pending(artifacts)
    assert run_ids(artifacts) == own and len(model_runs(artifacts, "shop")) == 1


def test_a_server_that_is_away_costs_nothing_and_is_asked_once(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        log_pending(artifacts)
        said = capsys.readouterr().err.splitlines()
        assert said[0] == "mlflow: runs go to http://127.0.0.1:9"
        assert said[1].startswith("mlflow: shop/ingest and 2 more not logged (MLFLOW_TRACKING_URI=http://127.0.0.1:9: ")
        assert len(said) == 2 and said[1].endswith("kept, and logged by the next command")
        assert champion_run(artifacts, "shop") is None
        with pytest.raises(UserError, match=r"^MLFLOW_TRACKING_URI=http://127.0.0.1:9: "):
            model_runs(artifacts, "shop")
    log_pending(artifacts)
    assert "" not in run_ids(artifacts).values()
