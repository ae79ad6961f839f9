"""Register exported models, with the alias `champion` for the best one on dev."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.artifact.files import PACKAGE
from pipeline.artifact.manifest import Manifest
from pipeline.tracking.history import Run, model_runs

TAG = "export_digest"  # of a version: a stage that was killed while it logged does not register it twice


def register(mlflow: Any, artifacts: Path, sealed: Manifest, folder: Path, ingest: Manifest) -> None:
    """Register the SavedModel of an export as a version of `maekrak-<data>`, and point `@champion` to the best version.

    Args:
        sealed: the manifest of export, whose run is active.
        folder: holds export's outputs.
        ingest: the manifest of the data that dev was cut from.
    """
    name = f"maekrak-{sealed.data}"
    client, run_id = mlflow.MlflowClient(), mlflow.active_run().info.run_id
    query = f"name = '{name}'"
    if not any(
        one.run_id == run_id and one.tags.get(TAG) == sealed.digest for one in client.search_model_versions(query)
    ):
        (version_folder,) = (folder / "saved_model").iterdir()
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PACKAGE / "serving" / "registered.py"),
            artifacts={"saved_model": str(version_folder)},
            pip_requirements=[f"{package}=={version(package)}" for package in ("tensorflow", "tensorflow-text")],
            registered_model_name=name,
        )
        client.set_model_version_tag(name, str(logged.registered_model_version), TAG, sealed.digest)
    best = champion(client.search_model_versions(query), model_runs(artifacts, sealed.data), ingest.digest)
    client.set_registered_model_alias(name, "champion", best.version)


def champion(versions: Sequence[Any], runs: list[Run], ingest_digest: str) -> Any:
    """Return the model version whose run has the highest accuracy on dev; of equal ones the newest.

    Runs on data of another digest are left out: they were measured on another dev.
    """
    accuracy = {
        run.run_id: run.metrics["dev_accuracy"]
        for run in runs
        if run.ingest_digest == ingest_digest and "dev_accuracy" in run.metrics
    }
    measured = [version for version in versions if version.run_id in accuracy]
    return max(measured, key=lambda version: (accuracy[version.run_id], int(version.version)))
