"""A logged stage is found again in the store."""

from pathlib import Path

from pipeline import __version__
from pipeline.artifact.manifest import Manifest
from pipeline.tracking.history import model_runs
from pipeline.tracking.stages import log_stage
from pipeline.tracking.store import connect

TRAINED = Manifest(
    stage="train", data="shop", model="lstm", config={"seed": 1}, inputs={}, code={}, libraries={}, outputs={},
    metrics={"dev_accuracy": 0.9}, seconds=1.0, run_id="",
)  # fmt: skip


def test_a_run_is_found_with_its_version_even_if_a_later_stage_failed(tmp_path: Path) -> None:
    run_id = log_stage(tmp_path, TRAINED, tmp_path, {})
    client = connect(tmp_path).MlflowClient()
    client.set_terminated(run_id, "FAILED")
    (run,) = model_runs(tmp_path, "shop")
    assert (run.name, run.run_id, run.metrics["dev_accuracy"]) == ("lstm", run_id, 0.9)
    assert client.get_run(run_id).data.tags["maekrak_version"] == __version__
