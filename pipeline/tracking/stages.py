"""MLflow: a run for each model, opened by train and resumed by the stages after it, and a run for each stage before it.

With `serving/registered.py`, which MLflow itself runs, the only module that imports mlflow.
"""

import json
from pathlib import Path
from typing import Any

from pipeline.artifact.manifest import Manifest, digest_of
from pipeline.support.errors import UserError
from pipeline.tracking.registry import register
from pipeline.tracking.store import connect

LOGGED_SUFFIXES = {".json", ".md", ".png", ".tsv", ".html"}  # what a person opens in the UI; data and weights stay out


def log_stage(artifacts: Path, sealed: Manifest, folder: Path, inputs: dict[str, Manifest]) -> str:
    """Log a stage's metrics, curves and what it wrote for people to look at.

    Args:
        sealed: the manifest of the stage, but for its run; folder: holds its outputs; inputs: of the stage, by name.

    Returns:
        The run that it was logged to: train's where the stage reads train, else a new one.
    """
    mlflow = connect(artifacts)
    experiment = mlflow.get_experiment_by_name(sealed.data)
    if experiment is not None and experiment.lifecycle_stage != "active":
        raise UserError(
            f"MLflow's experiment {sealed.data} is deleted; restore it in the UI, or delete {artifacts / 'mlflow'}"
        )
    if experiment is None:
        mlflow.create_experiment(sealed.data, (artifacts / "mlflow" / "artifacts" / sealed.data).resolve().as_uri())
    mlflow.set_experiment(sealed.data)
    earlier = _run_of(mlflow, inputs["train"]) if "train" in inputs else None
    with mlflow.start_run(run_id=earlier, run_name=None if earlier else _name(sealed)) as run:
        if not earlier:
            _log_origin(mlflow, sealed, inputs)
        mlflow.set_tag(f"{sealed.stage}_digest", sealed.digest)
        mlflow.log_metrics(sealed.metrics | {f"{sealed.stage}_seconds": sealed.seconds})
        _log_curves(mlflow, folder / "curves.json")
        for path in sealed.outputs:
            if Path(path).suffix in LOGGED_SUFFIXES:
                mlflow.log_artifact(str(folder / path), str(Path(sealed.stage, path).parent))
        if sealed.stage == "export":
            register(mlflow, sealed, folder, inputs["ingest"])
        return str(run.info.run_id)


def _name(sealed: Manifest) -> str:
    """A model's run is named after it, and that of another stage after that too."""
    return " ".join(filter(None, (sealed.model, None if sealed.stage == "train" else sealed.stage)))


def _run_of(mlflow: Any, train: Manifest) -> str:
    try:
        there = mlflow.get_run(train.run_id).info.lifecycle_stage == "active"
    except mlflow.exceptions.MlflowException:
        there = False
    if not there:
        what = f"the run {train.run_id} of {train.data}, {train.model}"
        raise UserError(f"MLflow no longer holds {what}; delete its folder train to make it again")
    return train.run_id


def _log_origin(mlflow: Any, sealed: Manifest, inputs: dict[str, Manifest]) -> None:
    """What the run was made from: parameters of this stage and those before it, digests, its code, the data set."""
    for name, manifest in {**inputs, sealed.stage: sealed}.items():
        mlflow.log_params({f"{name}.{key}": value for key, value in manifest.config.items()})
    for name, manifest in inputs.items():
        mlflow.set_tag(f"{name}_digest", manifest.digest)
    mlflow.set_tag("code_digest", digest_of(sealed.code))
    data = inputs.get("ingest", sealed)
    if data.stage == "ingest":
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset

        source = CodeDatasetSource({"dataset": data.config["dataset"]})
        mlflow.log_input(MetaDataset(source, name=data.data, digest=data.digest[:32]), context=sealed.stage)


def _log_curves(mlflow: Any, path: Path) -> None:
    if path.exists():
        for name, values in json.loads(path.read_text("utf-8")).items():
            for epoch, value in enumerate(values, start=1):
                mlflow.log_metric(f"epoch_{name}", value, step=epoch)
