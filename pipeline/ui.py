"""ui: open MLflow's user interface on the project's store."""

import errno
import os
import socket
import sys
from pathlib import Path

from pipeline.support.errors import UserError
from pipeline.tracking.store import (
    DATA_TAG,
    DATABASE,
    VARIABLE,
    connect,
    import_through_link,
    named_store,
    store_uri,
    without_password,
)


def ui(artifacts: Path) -> None:
    """Become MLflow's server, at `MLFLOW_HOST` and `MLFLOW_PORT`, 127.0.0.1 and 5000 where they are not set.

    Raises:
        UserError: if there is no store, or it is a server of its own, or nothing can listen there.
    """
    if elsewhere := named_store():
        raise UserError(f"{VARIABLE}={without_password(elsewhere)}: the runs are there; open it in a browser")
    store = (artifacts / "mlflow").resolve()
    if not (store / DATABASE).exists():
        raise UserError(f"{artifacts / 'mlflow'}: no runs yet; run make all")
    host, port = os.environ.get("MLFLOW_HOST") or "127.0.0.1", os.environ.get("MLFLOW_PORT") or "5000"
    _check_free(host, port)
    folder = import_through_link()
    mlflow = connect(artifacts)  # a store that was moved is told its new place
    for experiment in mlflow.search_experiments():  # its UI asks the address, not an experiment's kind, for the view
        page = f"http://{host}:{port}/#/experiments/{experiment.experiment_id}?workflowType=machine_learning"
        if DATA_TAG in experiment.tags:
            print(f"{experiment.name}: {page}", file=sys.stderr, flush=True)
    if folder:
        os.environ["PYTHONPATH"] = folder  # for the server's own processes; last, since connecting drops it
    options = ("--backend-store-uri", store_uri(store), "--host", host, "--port", port)
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "ui", *options])


def _check_free(host: str, port: str) -> None:
    """Raise a `UserError` unless a server could listen there now."""
    if not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise UserError(f"MLFLOW_PORT={port}: must be a number from 1 to 65535")
    try:
        ((family, kind, _, _, address), *_) = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"port {port} of {host} is taken; choose another: make ui MLFLOW_PORT=5001") from None
        raise UserError(f"MLFLOW_HOST={host} MLFLOW_PORT={port}: {error.strerror}") from None
