"""The store is made by one process at a time, and its folder may have any name and any place."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from pipeline.tracking.stages import log_stage
from pipeline.tracking.store import connect
from tests.project import ROOT
from tests.tracking.test_pending import seal


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    name = "100% a%41b?c#d e"
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


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_store_in_another_place_is_told_so_once(
    how: str, tmp_path: Path, empty_store: Path, capsys: pytest.CaptureFixture
) -> None:
    old, new = tmp_path / "old%" / "artifacts", tmp_path / "new" / "artifacts"
    (old / "mlflow").mkdir(parents=True)
    shutil.copy(empty_store, old / "mlflow")
    ingest = seal(old / "shop" / "ingest", "ingest", {})
    run_id = log_stage(old, ingest, old / "shop" / "ingest", {})
    connect(old).MlflowClient().create_registered_model("maekrak-shop")
    source = f"{connect(old).get_run(run_id).info.artifact_uri}/ingest"
    connect(old).MlflowClient().create_model_version("maekrak-shop", source, run_id)
    before = sorted(path.relative_to(old) for path in old.rglob("*"))
    new.parent.mkdir()
    if how == "moved":
        old.rename(new)
    else:
        shutil.copytree(old, new)
    capsys.readouterr()
    mlflow = connect(new)
    place = (new / "mlflow").as_uri()
    told = f"mlflow: the store was in {(old / 'mlflow').as_uri()}; it is told its new place, {place}\n"
    assert capsys.readouterr().err == told
    assert connect(new) and capsys.readouterr().err == ""
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/ingest/curves.json").startswith("{")
    later = seal(new / "shop" / "ingest", "ingest", {}, seconds=2.0)
    other_id = log_stage(new, later, new / "shop" / "ingest", {})
    assert mlflow.get_run(other_id).info.artifact_uri == f"{place}/artifacts/shop/{other_id}/artifacts"
    version = mlflow.MlflowClient().get_model_version("maekrak-shop", "1")
    assert version.source.startswith(place)
    assert mlflow.MlflowClient().get_model_version_download_uri("maekrak-shop", "1").startswith(place)
    assert sorted(path.relative_to(old) for path in old.rglob("*")) == (before if how == "copied" else [])


@pytest.mark.slow
def test_mlflow_is_imported_from_a_folder_of_any_name(tmp_path: Path) -> None:
    """It reads a % in the path of its own migrations as a variable."""
    installed = Path(mlflow.__file__).parents[1]
    (tmp_path / "100%").symlink_to(installed)
    code = (
        f"import sys; sys.path[0:0] = [{str(tmp_path / '100%')!r}, {str(ROOT)!r}]\n"
        "from pathlib import Path; from pipeline.tracking.store import connect\n"
        "print(len(connect(Path('artifacts')).search_experiments()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
