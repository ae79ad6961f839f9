"""The local files of a data set, found by an environment variable."""

import os
from pathlib import Path

from pipeline.artifact.files import PACKAGE, sha256, visible_files
from pipeline.support.errors import UserError


def local_sources(dataset: str) -> dict[str, str]:
    """sha256 of every local file of a data set of ours, so that other files under its variable are other data.

    A data set of the TFDS catalogue needs none: its version says what it holds.
    """
    variable = local_variable(dataset)
    return {} if variable == "TFDS_DATA_DIR" else hashes_below(variable)


def hashes_below(variable: str) -> dict[str, str]:
    """sha256 of every file below the folder that an environment variable names; none if it is not set.

    Raises:
        UserError: if there is no such folder.
    """
    named = os.environ.get(variable)
    if not named:
        return {}
    if not Path(named).is_dir():
        raise UserError(f"{variable}={named}: no such folder")
    return {str(p.relative_to(named)): sha256(p) for p in visible_files(Path(named))}


def local_variable(dataset: str) -> str:
    """The environment variable that names the folder with a data set's local files, for example `NSMC_DIR`."""
    return f"{dataset.upper()}_DIR" if (PACKAGE / "datasets" / dataset).is_dir() else "TFDS_DATA_DIR"


def local_folder(dataset: str) -> Path | None:
    variable = local_variable(dataset)
    named = os.environ.get(variable)
    return Path(named) if named and variable != "TFDS_DATA_DIR" else None
