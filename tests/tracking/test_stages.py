"""What MLflow holds of a run is told with what its pretraining took, which is a run of its own."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.artifact.manifest import Manifest
from pipeline.tracking.history import _origin, model_runs
from pipeline.tracking.stages import log_stage
from pipeline.tracking.store import connect


def logged(tags: dict[str, str], metrics: dict[str, float]) -> SimpleNamespace:
    data = SimpleNamespace(tags=tags, metrics=metrics, params={"train.seed": "1"})
    return SimpleNamespace(info=SimpleNamespace(run_name="lstm", start_time=0), data=data)


def test_the_newest_pretraining_with_the_digest_that_train_read_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = [logged({"pretrain_digest": digest}, {"train_seconds": 60}) for digest in ("a", "empty")]
    trained.append(logged({}, {"train_seconds": 60}))  # of a store from before there was any pretraining
    pretrained = [logged({"pretrain_digest": d}, {"pretrain_seconds": s}) for d, s in (("a", 1), ("b", 2), ("a", 3))]

    def search_runs(filter_string: str, **_: Any) -> list[SimpleNamespace]:
        return pretrained if "pretrain_seconds" in filter_string else trained

    mlflow = SimpleNamespace(
        get_experiment_by_name=lambda name: name,
        search_runs=search_runs,
        entities=SimpleNamespace(ViewType=SimpleNamespace(ALL=3)),
    )
    monkeypatch.setattr("pipeline.tracking.history.connect", lambda artifacts: mlflow)
    runs = model_runs(Path("artifacts"), "nsmc")
    assert [run.metrics for run in runs] == [{"train_seconds": 60, "pretrain_seconds": s} for s in (3, 0, 0)]


def test_runs_of_other_code_are_not_other_seeds_of_the_same() -> None:
    one, other, edited = (logged({"code_digest": code}, {}).data for code in ("a", "a", "b"))
    other.params = {"train.seed": "2"}
    assert _origin(one) == _origin(other) != _origin(edited)


def test_a_model_is_told_of_whatever_became_of_logging_a_later_stage(tmp_path: Path) -> None:
    trained = Manifest(
        stage="train", data="shop", model="lstm", config={"seed": 1}, inputs={}, code={}, libraries={}, outputs={},
        metrics={"dev_accuracy": 0.9}, seconds=1.0, run_id="",
    )  # fmt: skip
    run = log_stage(tmp_path, trained, tmp_path, {})
    connect(tmp_path).MlflowClient().set_terminated(run, "FAILED")
    (told,) = model_runs(tmp_path, "shop")
    assert (told.name, told.metrics["dev_accuracy"]) == ("lstm", 0.9)


def test_of_data_without_runs_there_is_nothing_to_tell(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    assert model_runs(tmp_path, "nope") == []
    assert capfd.readouterr().err == ""
