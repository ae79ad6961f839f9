"""A logged stage is found again in the store."""

import json
from pathlib import Path

from pipeline import __version__
from pipeline.artifact.manifest import Manifest, hash_files
from pipeline.artifact.tables import write_table
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


def test_an_experiment_opens_on_models_and_says_what_to_compare(tmp_path: Path) -> None:
    log_stage(tmp_path, TRAINED, tmp_path, {})
    client = connect(tmp_path).MlflowClient()
    tags = client.get_experiment_by_name("shop").tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    assert "pair_consistency" in tags["mlflow.note.content"] and "behaviour.json" in tags["mlflow.note.content"]
    experiment_id = client.get_experiment_by_name("shop").experiment_id
    client.set_experiment_tag(experiment_id, "mlflow.note.content", "of mine")
    log_stage(tmp_path, TRAINED, tmp_path, {})
    assert client.get_experiment_by_name("shop").tags["mlflow.note.content"] == "of mine"


def test_pairs_and_behaviour_are_tables_and_logged_again_take_the_place_of_the_earlier(tmp_path: Path) -> None:
    train = TRAINED.model_copy(update={"run_id": log_stage(tmp_path, TRAINED, tmp_path, {})})
    folder = tmp_path / "evaluate"
    folder.mkdir()
    for positive in (0.25, 0.75):
        for name, shown in (("pairs", "pos"), ("behaviour", "text"), ("lengths", "text")):
            of = "pos_positive" if name == "pairs" else "positive"
            rows = [["a", positive, "죽인다"], ["b", 0.5, '"'], ["c", 0.1, "…"]]
            write_table(folder / f"{name}.tsv", ["kind", of, shown], rows)
        changes = {"stage": "evaluate", "inputs": {"train": train.digest}, "outputs": hash_files(folder)}
        log_stage(tmp_path, TRAINED.model_copy(update=changes), folder, {"train": train})
    mlflow = connect(tmp_path)
    logged = json.loads(mlflow.get_run(train.run_id).data.tags["mlflow.loggedArtifacts"])
    assert logged == [{"path": f"evaluate/{name}.json", "type": "table"} for name in ("behaviour", "pairs")]
    table = mlflow.load_table("evaluate/pairs.json", run_ids=[train.run_id])
    assert list(table)[:3] == ["pos", "pos_positive", "kind"]  # the UI groups by the first and shows the second
    assert table["pos"].tolist() == ["죽인다", '"', "…"]
    assert table["pos_positive"].astype(float).tolist() == [0.75, 0.5, 0.1]
