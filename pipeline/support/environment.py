"""The environment of a process: what the libraries need is set, what would make them others is dropped.

Libraries read their variables when they are imported. So every entry, the command line, the tests and the notebooks,
calls `prepare_environment` before its first import of one. Importing this module changes nothing;
run as one, it runs another in the prepared environment.
"""

import atexit
import getpass
import os
import runpy
import shutil
import sys
import tempfile

from pipeline.support.errors import UserError

# A variable of these families is dropped unless it is honoured: each can change results, or stop an import.
FAMILIES = ("KERAS_", "MLFLOW_", "TF_")
HONOURED = (
    # where MLflow's server and its user interface are
    "MLFLOW_HOST",
    "MLFLOW_PORT",
    "MLFLOW_HTTP_",
    "MLFLOW_S3_",
    "MLFLOW_TRACKING_",
    # how many threads, how much of the accelerator's memory, what is printed
    "TF_CPP_",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_FORCE_UNIFIED_MEMORY",
    "TF_GPU_",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
# Of Python itself. The Makefile drops them too, as some act before the first line runs; here, for later processes.
OF_PYTHON = ("PYTHONHOME", "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONWARNINGS")

NEEDED = {
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": os.devnull,  # no folder: Keras reads no keras.json there, and writes none
    "TF_USE_LEGACY_KERAS": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
DEFAULTS = {
    "GIT_PYTHON_REFRESH": "quiet",  # else MLflow warns where git is not installed
    "TF_CPP_MIN_LOG_LEVEL": "3",  # on a machine without a GPU TensorFlow logs that as an error
}


def prepare_environment() -> None:
    """Set and drop variables of this process and of those that it starts, so that the libraries are the same anywhere.

    Call it before Keras, TensorFlow, MLflow or matplotlib is imported. A second call changes nothing.

    Raises:
        UserError: if there is no folder for temporary files.
    """
    for name in [*filter(_is_foreign, os.environ), *OF_PYTHON]:
        os.environ.pop(name, None)
    os.environ.update(NEEDED)
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    _choose_matplotlib_backend()
    _ensure_folders()
    _ensure_user_name()


def _is_foreign(name: str) -> bool:
    """Tell whether a variable belongs to a library and is not honoured.

    >>> [_is_foreign(name) for name in ("MLFLOW_RUN_ID", "TF_CONFIG", "MLFLOW_PORT", "TFDS_DATA_DIR")]
    [True, True, False, False]
    """
    return name.startswith(FAMILIES) and not name.startswith(HONOURED)


def _choose_matplotlib_backend() -> None:
    """Drop a backend that draws windows, and a file of styles; a notebook's own, a module, stays."""
    if not os.environ.get("MPLBACKEND", "").startswith("module://"):
        os.environ["MPLBACKEND"] = "agg"
    os.environ.pop("MATPLOTLIBRC", None)


def _ensure_folders() -> None:
    """Make sure of a folder for temporary files and of a home: a container's user may have none.

    A home that is missing is a temporary folder, deleted at the end. One that can't be written to stays, since data
    sets may be there; what matplotlib caches goes elsewhere.
    """
    try:
        os.environ["TMPDIR"] = tempfile.gettempdir()  # TMPDIR if it is there, else what Python falls back on
    except FileNotFoundError:
        raise UserError("TMPDIR: no folder for temporary files can be written to; set it to one that can") from None
    home = os.path.expanduser("~")
    if home == "~" or home.strip("/") == "" or not os.path.isdir(home):
        os.environ["HOME"] = temporary_folder()
    elif not os.access(home, os.W_OK) and "MPLCONFIGDIR" not in os.environ:
        os.environ["MPLCONFIGDIR"] = temporary_folder()


def temporary_folder() -> str:
    """Return a new folder that is deleted when the process ends."""
    folder = tempfile.mkdtemp(prefix="maekrak-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _ensure_user_name() -> None:
    """Name the user by number if the system knows no name: MLflow asks for one."""
    try:
        getpass.getuser()
    except (KeyError, OSError):  # of Python up to 3.12, and from 3.13
        os.environ["LOGNAME"] = str(os.getuid())


def _run_module() -> None:
    """Run the module that the first argument names, as `python -m` does, with what follows as its arguments."""
    prepare_environment()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run_module()
