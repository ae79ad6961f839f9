"""Connect to the MLflow store of this project."""

import logging
from pathlib import Path
from typing import Any

from pipeline.support.environment import prepare_environment


def connect(artifacts: Path) -> Any:
    """Return the module mlflow, connected to the SQLite store in `<artifacts>/mlflow/`, which is made if need be.

    Telemetry, progress bars and the check of pip requirements are off: see `support/environment.py`.
    """
    prepare_environment()
    import mlflow  # takes seconds, and reads these variables

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    store = (artifacts / "mlflow").resolve()
    store.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    mlflow.set_registry_uri(f"sqlite:///{store}/mlflow.db")
    return mlflow
