"""Connect to the MLflow store of this project, or to the one that `MLFLOW_TRACKING_URI` names."""

import importlib.util
import logging
import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.artifact.files import locked
from pipeline.support.environment import prepare_environment, temporary_folder
from pipeline.support.errors import UserError

DATABASE = "mlflow.db"
VARIABLE = "MLFLOW_TRACKING_URI"
# With a server: MLflow's own patience is minutes, for each request.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
DATA_TAG = "maekrak_data"  # of an experiment: the data set it is of, whatever it is called since
# Where MLflow keeps the places of files, which are absolute.
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def connect(artifacts: Path) -> Any:
    """Return the module mlflow, connected to the store that `MLFLOW_TRACKING_URI` names, such as a team's server.

    Without one, to the SQLite store in `<artifacts>/mlflow/`, which is made if need be; one that was moved or copied is
    told its new place. Telemetry, progress bars and the check of pip requirements are off: see
    `support/environment.py`.

    Raises:
        UserError: if the store of that variable can't be reached.
    """
    prepare_environment()
    elsewhere = named_store()
    if elsewhere.startswith("http"):
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
    import_through_link()
    import mlflow  # takes seconds, and reads these variables

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    store = (artifacts / "mlflow").resolve()
    store.mkdir(parents=True, exist_ok=True)
    _set_store(mlflow, elsewhere or store_uri(store))
    if elsewhere:
        try:
            mlflow.search_experiments(max_results=1)
        except Exception as error:  # of MLflow, of the network, of a database's driver
            reason = " ".join(str(error).split())
            raise UserError(f"{VARIABLE}={without_password(elsewhere)}: {reason[:160]}") from None
        return mlflow
    with locked(store / ".lock"):  # two that make its tables at once fail
        tell_new_place(store)
        mlflow.search_experiments(max_results=1)  # makes them if need be
    return mlflow


def named_store() -> str:
    """Return the store that `MLFLOW_TRACKING_URI` names; empty for this project's own."""
    return os.environ.get(VARIABLE, "")


def without_password(uri: str) -> str:
    """Return a URI as it may be shown.

    >>> without_password("https://me:secret@mlflow.example.com/x"), without_password("http://localhost:5000")
    ('https://mlflow.example.com/x', 'http://localhost:5000')
    """
    return re.sub(r"//[^/@]*@", "//", uri)


def _set_store(mlflow: Any, uri: str) -> None:
    """Tell MLflow where its store is, and leave the variable as it was: MLflow writes what it is told into it."""
    before = os.environ.get(VARIABLE)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before


def import_through_link() -> str:
    """Have MLflow imported through a link if there is a % in its own path, which it would read as a variable.

    Returns:
        The temporary folder that holds the link, now on the path of modules; empty if none is needed.
    """
    spec = importlib.util.find_spec("mlflow")
    package = str(Path(spec.origin).parent) if spec and spec.origin else ""
    if "%" not in package:
        return ""
    folder = temporary_folder()
    (Path(folder) / "mlflow").symlink_to(package)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    return folder


def store_uri(store: Path) -> str:
    """Return the URI of the database in an absolute folder.

    >>> store_uri(Path("/100%/a b"))
    'sqlite:////100%25/a b/mlflow.db'
    """
    path = f"{store}/{DATABASE}"
    return "sqlite:///" + path.replace("%", "%25").replace("?", "%3F")


def find_experiment(mlflow: Any, data: str) -> Any:
    """Return the experiment of a data set, whatever it was renamed to, deleted or not; None if there is none."""
    named = mlflow.get_experiment_by_name(data)
    if named is not None:
        return named
    everything = mlflow.entities.ViewType.ALL
    tagged = mlflow.search_experiments(view_type=everything, filter_string=f"tags.{DATA_TAG} = '{data}'")
    return tagged[0] if tagged else None


def tell_new_place(store: Path) -> None:
    """Replace the store's former place in its database, where the folder was moved, renamed or copied."""
    path, new = store / DATABASE, store.as_uri()
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as database, database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if not tables >= {table for table, _ in PLACES}:
            return
        locations = [location for (location,) in database.execute("SELECT artifact_location FROM experiments")]
        found = (re.fullmatch(r"(file://.*/mlflow)/artifacts/[^/]+", location or "") for location in locations)
        for old in sorted({match[1] for match in found if match} - {new}):
            for table, column in PLACES:
                database.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, len(old) + 1, f"{old}/"),
                )
            print(f"mlflow: the store was in {old}; it is told its new place, {new}", file=sys.stderr, flush=True)
