"""MLflow: a run for each model, opened by train and resumed by the stages after it, and a run for each stage before it.

With `serving/registered.py`, which MLflow itself runs, the only module that imports mlflow.
"""

import json
import logging
import os
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config import STAGES
from pipeline.errors import UserError
from pipeline.manifest import Manifest, digest_of

LOOKED_AT = {".json", ".md", ".png", ".tsv", ".html"}  # what a person opens in the UI; data and weights stay out


def connect(artifacts: Path) -> Any:
    """mlflow, connected to the store of this project: `<artifacts>/mlflow/`."""
    os.environ.setdefault("MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK", "true")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    store = (artifacts / "mlflow").resolve()
    store.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    mlflow.set_registry_uri(f"sqlite:///{store}/mlflow.db")
    return mlflow


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
            if Path(path).suffix in LOOKED_AT:
                mlflow.log_artifact(str(folder / path), str(Path(sealed.stage, path).parent))
        if sealed.stage == "export":
            _register(mlflow, sealed, folder, inputs["ingest"])
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


def _register(mlflow: Any, sealed: Manifest, folder: Path, ingest: Manifest) -> None:
    """Register the SavedModel; `@champion` is the version that is best on the present dev, of equals the newest."""
    name = f"maekrak-{sealed.data}"
    (version_folder,) = (folder / "saved_model").iterdir()
    mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).parent / "serving" / "registered.py"),
        artifacts={"saved_model": str(version_folder)},
        pip_requirements=[f"{package}=={version(package)}" for package in ("tensorflow", "tensorflow-text")],
        registered_model_name=name,
    )
    client = mlflow.MlflowClient()
    runs = mlflow.search_runs(
        experiment_names=[sealed.data],
        filter_string=f"tags.ingest_digest = '{ingest.digest}' and metrics.dev_accuracy >= 0",
        output_format="list",
    )
    accuracy = {run.info.run_id: run.data.metrics["dev_accuracy"] for run in runs}
    versions = [one for one in client.search_model_versions(f"name = '{name}'") if one.run_id in accuracy]
    best = max(versions, key=lambda one: (accuracy[one.run_id], int(one.version)))
    client.set_registered_model_alias(name, "champion", best.version)


class Run(NamedTuple):
    name: str
    started: str  # local time
    seed: str
    origin: frozenset[tuple[str, str]]  # parameters but for the seed, and digests of what train read and of its code
    metrics: dict[str, float]  # with pretrain_seconds, which took place in a run of its own, or nowhere: 0


def model_runs(artifacts: Path, data: str) -> list[Run]:
    """The runs of a data set's models, newest first."""
    mlflow = connect(artifacts)
    if mlflow.get_experiment_by_name(data) is None:
        return []
    runs = mlflow.search_runs(
        experiment_names=[data],
        filter_string="tags.train_digest != ''",
        output_format="list",
        order_by=["start_time DESC"],
    )
    pretrained = _pretrain_seconds(mlflow, data)
    return [
        Run(
            run.info.run_name,
            f"{datetime.fromtimestamp(run.info.start_time / 1000):%Y-%m-%d %H:%M}",
            run.data.params["train.seed"],
            _origin(run.data),
            run.data.metrics | {"pretrain_seconds": pretrained.get(run.data.tags.get("pretrain_digest"), 0.0)},
        )
        for run in runs
    ]


def _pretrain_seconds(mlflow: Any, data: str) -> dict[str, float]:
    """How long it took to make each pretrain artifact of a data set, by its digest."""
    runs = mlflow.search_runs(
        experiment_names=[data],
        filter_string="metrics.pretrain_seconds > 0",
        run_view_type=mlflow.entities.ViewType.ALL,  # one that was deleted took its time too
        output_format="list",
        order_by=["start_time"],  # the newest is the last word
    )
    return {run.data.tags["pretrain_digest"]: run.data.metrics["pretrain_seconds"] for run in runs}


def _origin(run: Any) -> frozenset[tuple[str, str]]:
    digests = {f"{what}_digest" for what in (*STAGES[: STAGES.index("train")], "code")}
    parameters = run.params.items() - {("train.seed", run.params["train.seed"])}
    return frozenset(parameters | {(name, value) for name, value in run.tags.items() if name in digests})
