"""The state of a long training in one file, so that a killed run resumes to the same weights to the last bit.

A stage keeps it in its folder as `CHECKPOINT`. The runner hands a folder with a checkpoint to the next run of the same
plan, and deletes the checkpoint when the stage is complete.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.artifact.files import atomic_writer
from pipeline.support.errors import UserError

if TYPE_CHECKING:  # the runner imports the name of the file alone, and Keras takes seconds to import
    import keras

CHECKPOINT = ".checkpoint.npz"  # hidden: no output of a stage, so never hashed


def save_checkpoint(path: Path, variables: "Sequence[keras.Variable]", progress: Mapping[str, Any]) -> None:
    """Write the values of `variables`, and `progress` as JSON. Killed at any moment, it leaves the previous checkpoint.

    `progress["seconds"]` is the time spent on training so far.
    """
    with atomic_writer(path) as file:
        np.savez(file, *[variable.numpy() for variable in variables], progress=np.array(json.dumps(progress)))


def load_checkpoint(path: Path, variables: "Sequence[keras.Variable]") -> dict[str, Any] | None:
    """Assign the saved values to `variables`, in the order in which they were saved.

    Returns:
        The saved `progress`; None, with nothing assigned, if there is no such file.

    Raises:
        UserError: if number, shapes or item sizes of the saved values differ from those of `variables`.
    """
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as saved:
        progress = _progress(saved)
        arrays = [saved[name] for name in saved.files if name != "progress"]
    try:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array.view(variable.dtype))  # NumPy saves types that it doesn't know, bfloat16, as bytes
    except ValueError as error:  # as after another version of Keras was installed
        raise UserError(f"{path}: of another training ({error}); run the same command again, from the start") from error
    return progress


def seconds_spent(path: Path) -> float:
    """Return how long a killed run had trained, from its checkpoint; 0 if there is no such file."""
    if not path.exists():
        return 0.0
    with np.load(path, allow_pickle=False) as saved:
        return float(_progress(saved)["seconds"])


def _progress(saved: Any) -> dict[str, Any]:
    progress: dict[str, Any] = json.loads(saved["progress"].item())
    return progress
