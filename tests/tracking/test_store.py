"""The store is made by one process at a time, and its folder may have any name and any place."""

import fcntl
from pathlib import Path

import mlflow
import pytest

from pipeline.tracking.store import connect


@pytest.mark.parametrize("name", ["100%", "a%41b?c#d e"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    assert [one.name for one in connect(tmp_path / name).search_experiments()] == ["Default"]
    assert [path.name for path in tmp_path.rglob("*.db")] == ["mlflow.db"]
    assert (tmp_path / name / "mlflow" / "mlflow.db").stat().st_size


def test_its_tables_are_made_by_one_process_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = []

    def first_use(**_: object) -> None:
        with (tmp_path / "mlflow" / ".lock").open("w") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.append(True)

    monkeypatch.setattr(mlflow, "search_experiments", first_use)
    connect(tmp_path)
    assert held == [True]
