"""A checkpoint is restored to the last bit; if saving is interrupted, the previous one is."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.artifact.checkpoint import load_checkpoint, save_checkpoint, seconds_spent
from pipeline.support.errors import UserError

VALUES = [
    ("float32", [1.5, -0.0, np.nan, np.inf, 1e-45]),
    ("float16", [[0.1], [-2.0]]),
    ("bfloat16", [3.1, -0.0]),
    ("float64", 0.1),
    ("int64", 2**60 + 1),
    ("uint32", [2**32 - 1, 7]),  # the state of a SeedGenerator
    ("bool", [True, False]),
    ("float32", np.zeros((0, 3))),
]
PROGRESS = {"accuracy": [0.1, 1 / 3, float("inf")], "맥락": None, "seconds": 7.5}


@pytest.fixture
def variables() -> list[keras.Variable]:
    return [keras.Variable(np.array(value), dtype=dtype, trainable=False) for dtype, value in VALUES]


def bits(variables: list[keras.Variable]) -> list[bytes]:
    return [variable.numpy().tobytes() for variable in variables]


def clear(variables: list[keras.Variable]) -> None:
    for variable in variables:
        variable.assign(np.zeros(variable.shape))


def test_saved_values_are_restored_to_the_last_bit(variables: list[keras.Variable], tmp_path: Path) -> None:
    path, saved = tmp_path / "checkpoint.npz", bits(variables)
    save_checkpoint(path, variables, PROGRESS)
    clear(variables)
    assert bits(variables) != saved
    assert load_checkpoint(path, variables) == PROGRESS
    assert bits(variables) == saved
    assert seconds_spent(path) == 7.5


def test_without_a_file_nothing_is_assigned(variables: list[keras.Variable], tmp_path: Path) -> None:
    before = bits(variables)
    assert load_checkpoint(tmp_path / "checkpoint.npz", variables) is None
    assert seconds_spent(tmp_path / "checkpoint.npz") == 0
    assert bits(variables) == before


def test_a_crash_before_the_new_one_is_in_place_leaves_the_old(
    variables: list[keras.Variable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, saved = tmp_path / "checkpoint.npz", bits(variables)
    save_checkpoint(path, variables, PROGRESS)
    clear(variables)

    def crash(temporary: Path, target: Path) -> None:
        assert len(list(tmp_path.iterdir())) == 2
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, variables, {})
    assert load_checkpoint(path, variables) == PROGRESS
    assert bits(variables) == saved
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("change", [slice(1, None), slice(None, None, -1)], ids=["fewer", "of other shapes"])
def test_other_variables_are_refused(change: slice, variables: list[keras.Variable], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, variables, PROGRESS)
    with pytest.raises(UserError, match=r"of another training \(.*(longer|shape|size|dtype)"):
        load_checkpoint(path, variables[change])
