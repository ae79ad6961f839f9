"""The champion is the version that is best on the present dev."""

from types import SimpleNamespace

from pipeline.tracking.history import Run
from pipeline.tracking.registry import champion


def run(run_id: str, accuracy: float | None, ingest: str = "present") -> Run:
    metrics = {} if accuracy is None else {"dev_accuracy": accuracy}
    return Run("lstm", "", "1", frozenset(), metrics, ingest_digest=ingest, run_id=run_id)


def version(number: int, run_id: str) -> SimpleNamespace:
    return SimpleNamespace(version=str(number), run_id=run_id)


def test_the_best_run_on_the_present_data_wins() -> None:
    runs = [run("old", 0.99, ingest="earlier"), run("good", 0.9), run("bad", 0.8), run("unmeasured", None)]
    versions = [version(n, run_id) for n, run_id in enumerate(["good", "bad", "old", "unmeasured", "deleted"], 1)]
    assert champion(versions, runs, "present").version == "1"
    assert champion(versions, runs, "earlier").version == "3"


def test_of_equal_runs_the_newest_version_wins() -> None:
    runs = [run("a", 0.9), run("b", 0.9)]
    assert champion([version(9, "a"), version(10, "b"), version(8, "b")], runs, "present").version == "10"
