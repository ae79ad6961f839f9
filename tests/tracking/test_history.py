"""A run comes with what its pretraining took, which is a run of its own, and with the data that it is of."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.tracking.history import _origin, model_runs


def logged(tags: dict[str, str], metrics: dict[str, float]) -> SimpleNamespace:
    data = SimpleNamespace(tags=tags, metrics=metrics, params={"train.seed": "1"})
    return SimpleNamespace(info=SimpleNamespace(run_name="lstm", start_time=0, run_id="r"), data=data)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """The runs that the store holds of models; a test adds to them. Pretraining `a` was run twice, `b` once."""
    trained: list[SimpleNamespace] = []
    pretrained = [logged({"pretrain_digest": d}, {"pretrain_seconds": s}) for d, s in (("a", 1), ("b", 2), ("a", 3))]

    def search_runs(filter_string: str, **_: Any) -> list[SimpleNamespace]:
        return pretrained if "pretrain_seconds" in filter_string else trained

    mlflow = SimpleNamespace(
        get_experiment_by_name=lambda name: SimpleNamespace(experiment_id=name),
        search_runs=search_runs,
        entities=SimpleNamespace(ViewType=SimpleNamespace(ALL=3)),
    )
    monkeypatch.setattr("pipeline.tracking.history.connect", lambda artifacts: mlflow)
    return trained


def test_the_newest_pretraining_with_the_digest_that_train_read_counts(runs: list[SimpleNamespace]) -> None:
    runs += [logged({"pretrain_digest": digest}, {"train_seconds": 60}) for digest in ("a", "empty")]
    runs.append(logged({}, {"train_seconds": 60}))  # of a store from before there was any pretraining
    seconds = [run.metrics for run in model_runs(Path("artifacts"), "nsmc")]
    assert seconds == [{"train_seconds": 60, "pretrain_seconds": s} for s in (3, 0, 0)]


def test_a_run_names_its_data(runs: list[SimpleNamespace]) -> None:
    runs += [logged({"ingest_digest": "d"}, {}), logged({}, {})]
    assert [run.ingest_digest for run in model_runs(Path("artifacts"), "nsmc")] == ["d", ""]


def test_runs_of_other_code_have_another_origin() -> None:
    one, other, edited = (logged({"code_digest": code}, {}).data for code in ("a", "a", "b"))
    other.params = {"train.seed": "2"}
    assert _origin(one) == _origin(other) != _origin(edited)


def test_without_an_experiment_there_are_no_runs(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    assert model_runs(tmp_path, "nope") == []
    assert capfd.readouterr().err == ""
