"""A stage that runs again says why; `why` says it of all without running any."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifact.files import write_atomically
from pipeline.artifact.manifest import Manifest, hash_files
from pipeline.config.names import STAGES
from pipeline.config.overlays import load_config
from pipeline.orchestration.inputs import input_folders, verify_inputs
from pipeline.orchestration.plan import make_plan, plan_path
from pipeline.why import why


@pytest.fixture(autouse=True)
def no_local_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSMC_DIR", raising=False)


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """All stages of a model, sealed as the runner would seal them; each wrote one file."""
    config = load_config("nsmc", "lstm", "evaluate.control_pieces=0")
    for stage in STAGES:
        plan = make_plan(stage, config, "nsmc", "lstm")
        folder = plan_path(plan, tmp_path).with_suffix("")
        folder.mkdir(parents=True)
        (folder / "file").write_text(stage, "utf-8")
        manifest = Manifest(
            **plan.model_dump(exclude={"sources"}),
            inputs=verify_inputs(plan, input_folders(plan, tmp_path)).digests,
            outputs=hash_files(folder),
            metrics={},
            seconds=1,
            run_id="run",
        )
        write_atomically(folder / "manifest.json", manifest.model_dump_json())
    return tmp_path


def alter(path: Path, key: str, change: Callable[[Any], Any]) -> None:
    sealed = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(sealed | {key: change(sealed[key])}), "utf-8")


def reasons(artifacts: Path, capsys: pytest.CaptureFixture, overrides: str = "") -> dict[str, str]:
    why(artifacts, load_config("nsmc", "lstm", f"evaluate.control_pieces=0 {overrides}"), "nsmc", "lstm")
    lines = capsys.readouterr().out.splitlines()
    return {stage: reason for stage, reason in (line.split(": ", 1) for line in lines) if reason != "up to date"}


def test_what_is_up_to_date_has_no_reason(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    assert reasons(artifacts, capsys) == {}


def test_what_is_not_there_is_not_made_yet(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    told = reasons(tmp_path, capsys)
    assert set(told) == set(STAGES)
    assert (told["ingest"], told["tokenize"]) == ("not made yet", "after ingest")


def test_a_value_is_named_with_what_it_was(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    assert reasons(artifacts, capsys, "train.epochs=4 train.ngrams.words=3") == {
        "train": "config train.epochs 3 -> 4, config train.ngrams.words 2 -> 3",
        "evaluate": "after train",
        "explain": "after train, after evaluate",
        "export": "after train, after evaluate",
    }


def test_an_input_that_is_another_is_named(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    alter(artifacts / "nsmc" / "lstm" / "evaluate" / "manifest.json", "inputs", lambda of: of | {"tokenize": "another"})
    assert reasons(artifacts, capsys)["evaluate"] == "input tokenize changed"


def test_code_is_named_by_file(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    path = artifacts / "nsmc" / "lstm" / "pretrain" / "manifest.json"
    alter(path, "code", lambda of: of | {"pipeline/layers/loop.py": "as it was"})
    told = reasons(artifacts, capsys)
    assert told["pretrain"] == "code pipeline/layers/loop.py"
    assert told["train"] == "after pretrain"


def test_a_library_is_named_with_both_versions(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    path = artifacts / "nsmc" / "tokenize" / "manifest.json"
    alter(path, "libraries", lambda of: of | {"sentencepiece": "0.1.0"})
    assert reasons(artifacts, capsys)["tokenize"].startswith("library sentencepiece 0.1.0 -> 0.")


def test_other_local_files_are_named(
    artifacts: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture, monkeypatch: Any
) -> None:
    folder = tmp_path_factory.mktemp("nsmc")
    (folder / "ratings_train.txt").write_text("one")
    monkeypatch.setenv("NSMC_DIR", str(folder))
    assert reasons(artifacts, capsys)["ingest"] == "source ratings_train.txt changed"


def test_an_altered_input_is_named(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    (artifacts / "nsmc" / "lstm" / "train" / "file").write_text("altered", "utf-8")
    told = reasons(artifacts, capsys)
    assert "train/file: has sha256" in told["evaluate"]


def test_a_training_that_was_run_anew_has_figures_of_its_own(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    alter(artifacts / "nsmc" / "lstm" / "train" / "manifest.json", "run_id", lambda _: "another run")
    assert reasons(artifacts, capsys)["export"] == "input train has a run of its own in MLflow since, after evaluate"


def test_an_artifact_of_an_older_project_is_made_again(artifacts: Path, capsys: pytest.CaptureFixture) -> None:
    alter(artifacts / "nsmc" / "ingest" / "manifest.json", "format", lambda _: 0)
    assert reasons(artifacts, capsys)["ingest"] == "sealed in another format"
