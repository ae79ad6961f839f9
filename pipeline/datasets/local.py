"""Find the builder and the local files of a data set.

Imports no TensorFlow: `make` plans all stages at each start.
"""

import os
from pathlib import Path

from pipeline.artifact.files import PACKAGE, sha256, visible_files
from pipeline.datasets.files.splits import split_of
from pipeline.support.errors import UserError

OWN_FILES = "files"  # the data set that is nothing but its local files


def builder_folder(dataset: str) -> Path:
    """Return the folder of a data set's builder; it does not exist for one of the TFDS catalogue."""
    return PACKAGE / "datasets" / dataset


def local_sources(dataset: str) -> dict[str, str]:
    """Return {path: sha256} of a data set's local files: other files under its variable are other data.

    Empty for a data set of the TFDS catalogue, whose version identifies its content.

    Raises:
        UserError: if the variable names no folder, or is not set where there is no other source.
    """
    variable = local_variable(dataset)
    if dataset == OWN_FILES and not os.environ.get(variable):
        raise UserError(f"{variable}: not set; it names the folder with your reviews: {variable}=reviews/")
    return {} if variable == "TFDS_DATA_DIR" else hashes_below(variable)


def hashes_below(variable: str) -> dict[str, str]:
    """Return {path: sha256} of every file below the folder that an environment variable names; empty if it is not set.

    Raises:
        UserError: if there is no such folder.
    """
    value = os.environ.get(variable)
    if not value:
        return {}
    folder = Path(value)
    if not folder.is_dir():
        raise UserError(f"{variable}={value}: no such folder")
    return {str(path.relative_to(folder)): sha256(path) for path in visible_files(folder)}


def own_bytes(dataset: str) -> int | None:
    """Return how many bytes the files of one's own reviews hold that may have labels; None for any other data set."""
    value = os.environ.get(local_variable(dataset)) if dataset == OWN_FILES else None
    if not value or not Path(value).is_dir():
        return None  # what needs them says so
    folder = Path(value)
    files = (path for path in visible_files(folder) if "unsupervised" not in split_of(str(path.relative_to(folder))))
    return sum(path.stat().st_size for path in files)


def local_variable(dataset: str) -> str:
    """Return the environment variable that names the folder with a data set's local files, for example `NSMC_DIR`."""
    return f"{dataset.upper()}_DIR" if builder_folder(dataset).is_dir() else "TFDS_DATA_DIR"


def local_folder(dataset: str) -> Path | None:
    """Return the folder with a data set's local files; None without one, and for a data set of the TFDS catalogue."""
    variable = local_variable(dataset)
    value = os.environ.get(variable)
    return Path(value) if value and variable != "TFDS_DATA_DIR" else None
