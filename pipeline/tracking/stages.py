"""Log stages to MLflow.

Each model has one run: train opens it, and the stages that read train resume it. Every other stage has a run of its
own.
"""

import json
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.artifact.manifest import Manifest, digest_of
from pipeline.support.errors import UserError
from pipeline.tracking.registry import register
from pipeline.tracking.store import connect

LOGGED_SUFFIXES = {".json", ".md", ".png", ".tsv", ".html"}  # files to look at in the UI; data and weights stay out


def log_stage(artifacts: Path, sealed: Manifest, folder: Path, inputs: dict[str, Manifest]) -> str:
    """Log a stage's metrics, curves and readable files; register the model that export wrote.

    Args:
        sealed: the stage's manifest, still without a run.
        folder: holds the stage's outputs.
        inputs: the manifests of the stages that it read, by name.

    Returns:
        The id of the run: that of train where the stage read train, else a new one.

    Raises:
        UserError: if the experiment of the data set, or the run of train, was deleted.
    """
    mlflow = connect(artifacts)
    _set_experiment(mlflow, artifacts, sealed.data)
    resumed = _active_run_id(mlflow, inputs["train"]) if "train" in inputs else None
    with mlflow.start_run(run_id=resumed, run_name=None if resumed else _run_name(sealed)) as run:
        if not resumed:
            _log_origin(mlflow, sealed, inputs)
        mlflow.set_tag(f"{sealed.stage}_digest", sealed.digest)
        mlflow.log_metrics(sealed.metrics | {f"{sealed.stage}_seconds": sealed.seconds})
        _log_curves(mlflow, folder / "curves.json")
        for path in sealed.outputs:
            if Path(path).suffix in LOGGED_SUFFIXES:
                mlflow.log_artifact(str(folder / path), str(Path(sealed.stage, path).parent))
        if sealed.stage == "export":
            register(mlflow, artifacts, sealed, folder, inputs["ingest"])
        return str(run.info.run_id)


def _set_experiment(mlflow: Any, artifacts: Path, data: str) -> None:
    """Set the experiment of a data set; create it if there is none."""
    experiment = mlflow.get_experiment_by_name(data)
    if experiment is not None and experiment.lifecycle_stage != "active":
        raise UserError(
            f"MLflow's experiment {data} is deleted; restore it in the UI, or delete {artifacts / 'mlflow'}"
        )
    if experiment is None:
        mlflow.create_experiment(data, (artifacts / "mlflow" / "artifacts" / data).resolve().as_uri())
    mlflow.set_experiment(data)


def _run_name(sealed: Manifest) -> str:
    """Return the model's name for train, else the model's and the stage's, or the stage's alone."""
    return " ".join(filter(None, (sealed.model, None if sealed.stage == "train" else sealed.stage)))


def _active_run_id(mlflow: Any, train: Manifest) -> str:
    """Return the id of train's run, after checking that the store still holds it."""
    try:
        is_active = mlflow.get_run(train.run_id).info.lifecycle_stage == "active"
    except mlflow.exceptions.MlflowException:  # unknown to the store
        is_active = False
    if not is_active:
        run = f"the run {train.run_id} of {train.data}, {train.model}"
        raise UserError(f"MLflow no longer holds {run}; delete its folder train to make it again")
    return train.run_id


def _log_origin(mlflow: Any, sealed: Manifest, inputs: dict[str, Manifest]) -> None:
    """Log what a run was made from: the config of the stage and its inputs, digests, code, version and data set."""
    for name, manifest in {**inputs, sealed.stage: sealed}.items():
        mlflow.log_params({f"{name}.{key}": value for key, value in manifest.config.items()})
    for name, manifest in inputs.items():
        mlflow.set_tag(f"{name}_digest", manifest.digest)
    mlflow.set_tag("code_digest", digest_of(sealed.code))
    mlflow.set_tag("maekrak_version", __version__)
    data = inputs.get("ingest", sealed)
    if data.stage == "ingest":
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset

        source = CodeDatasetSource({"dataset": data.config["dataset"]})
        mlflow.log_input(MetaDataset(source, name=data.data, digest=data.digest[:32]), context=sealed.stage)


def _log_curves(mlflow: Any, path: Path) -> None:
    """Log each curve as a metric `epoch_<name>` with the epoch as its step; nothing if there is no such file."""
    if path.exists():
        for name, values in json.loads(path.read_text("utf-8")).items():
            for epoch, value in enumerate(values, start=1):
                mlflow.log_metric(f"epoch_{name}", value, step=epoch)
