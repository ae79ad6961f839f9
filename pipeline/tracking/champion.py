"""Whose model is the champion of a data set."""

from pathlib import Path

from pipeline.support.errors import UserError
from pipeline.tracking.store import connect


def champion_run(artifacts: Path, data: str) -> str | None:
    """Return the run of the registered model that has the alias `champion`; None where there is none."""
    try:
        mlflow = connect(artifacts)
    except UserError:  # a store that is away: what could not be logged is said already
        return None
    try:
        version = mlflow.MlflowClient().get_model_version_by_alias(f"maekrak-{data}", "champion")
    except mlflow.exceptions.MlflowException:
        return None
    return str(version.run_id)
