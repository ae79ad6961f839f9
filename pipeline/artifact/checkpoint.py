"""The state of a long training in one file, so that a run that was killed goes on where it was, to the same bits.

A stage keeps it in its folder as `CHECKPOINT`. The runner hands a folder that holds one to the next run that is made
from the very same, and deletes it when all is done.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.artifact.files import atomic_writer
from pipeline.support.errors import UserError

if TYPE_CHECKING:  # the runner asks for the name alone, and Keras takes seconds to import
    import keras

CHECKPOINT = ".checkpoint.npz"  # hidden: none of the files that a stage makes, so never hashed


def save_checkpoint(path: Path, variables: "Sequence[keras.Variable]", progress: dict[str, Any]) -> None:
    """Write the values of `variables`, and `progress` as JSON; killed at any moment, it leaves the one before.

    Of `progress`, "seconds" is for how long was learnt.
    """
    with atomic_writer(path) as file:
        np.savez(file, *[variable.numpy() for variable in variables], progress=np.array(json.dumps(progress)))


def load_checkpoint(path: Path, variables: "Sequence[keras.Variable]") -> dict[str, Any] | None:
    """Assign the values that were saved, in the same order.

    Returns:
        What was saved as `progress`, or None, with nothing assigned, if there is no such file.

    Raises:
        UserError: if other variables were saved, by their number, shapes or sizes of a number.
    """
    if not path.exists():
        return None
    with np.load(path) as saved:
        progress = _progress(saved)
        arrays = [saved[name] for name in saved.files if name != "progress"]
    try:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array.view(variable.dtype))  # NumPy saves numbers that it doesn't know, bfloat16, as bytes
    except ValueError as error:  # as after another version of Keras was installed
        raise UserError(f"{path}: of another training ({error}); run the same command again, from the start") from error
    return progress


def seconds_spent(path: Path) -> float:
    """For how long a training that was killed had learnt; 0 if there is no such file."""
    if not path.exists():
        return 0.0
    with np.load(path) as saved:
        return float(_progress(saved)["seconds"])


def _progress(saved: Any) -> dict[str, Any]:
    progress: dict[str, Any] = json.loads(saved["progress"].item())
    return progress
