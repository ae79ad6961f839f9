"""Connect to the MLflow store of this project."""

import logging
import os
from pathlib import Path
from typing import Any


def connect(artifacts: Path) -> Any:
    """Return the module mlflow, connected to the SQLite store in `<artifacts>/mlflow/`, which is made if need be.

    Telemetry, progress bars and the check of pip requirements are turned off.
    """
    os.environ.setdefault("MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK", "true")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # else MLflow warns where git is not installed
    import mlflow  # takes seconds, and reads these variables

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    store = (artifacts / "mlflow").resolve()
    store.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    mlflow.set_registry_uri(f"sqlite:///{store}/mlflow.db")
    return mlflow
