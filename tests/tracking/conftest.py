"""An empty store, made once."""

from pathlib import Path

import pytest

from pipeline.tracking.store import connect


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with its tables, which take seconds to make."""
    artifacts = tmp_path_factory.mktemp("empty")
    connect(artifacts)
    return artifacts / "mlflow" / "mlflow.db"
