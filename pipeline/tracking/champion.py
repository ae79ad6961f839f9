"""Whose model is the champion of a data set."""

from pathlib import Path

from pipeline.tracking.store import connect


def champion_run(artifacts: Path, data: str) -> str | None:
    """Return the run of the registered model that has the alias `champion`; None where there is none."""
    mlflow = connect(artifacts)
    try:
        version = mlflow.MlflowClient().get_model_version_by_alias(f"maekrak-{data}", "champion")
    except mlflow.exceptions.MlflowException:
        return None
    return str(version.run_id)
