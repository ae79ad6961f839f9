"""Register exported models, with the alias `champion` for the best on dev."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.artifact.files import PACKAGE
from pipeline.artifact.manifest import Manifest


def register(mlflow: Any, sealed: Manifest, folder: Path, ingest: Manifest) -> None:
    """Register the SavedModel; `@champion` is the version that is best on the present dev, of equals the newest."""
    name = f"maekrak-{sealed.data}"
    (version_folder,) = (folder / "saved_model").iterdir()
    mlflow.pyfunc.log_model(
        name="model",
        python_model=str(PACKAGE / "serving" / "registered.py"),
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
