"""What can't be done is told in one line, and leaves nothing."""

import re
import resource
import subprocess
from pathlib import Path

import pytest

from tests.project import Project, only_line


def seconds_of_children() -> float:
    """Return the CPU seconds of all processes that were run: those that a busy machine doesn't stretch."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def test_artifacts_that_cannot_be_written(bare_project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    failed = bare_project.make("ingest", f"ARTIFACTS={tmp_path / 'file'}")
    assert failed.returncode != 0
    assert only_line(failed.stderr).startswith(f"error: {tmp_path / 'file'}")


@pytest.mark.slow
def test_a_full_disk(bare_project: Project, tmp_path: Path) -> None:
    """No file may grow beyond 8 KiB: to a writer that is a full disk, met in the middle of a stage."""
    failed = subprocess.run(
        bare_project.command("ingest", f"ARTIFACTS={tmp_path / 'artifacts'}"),
        cwd=bare_project.root,
        env=bare_project.environment,
        check=False,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert failed.returncode != 0
    assert not list(tmp_path.rglob("manifest.json"))
    assert "Traceback" not in failed.stderr.decode()
    assert (
        only_line(failed.stderr.decode()) == f"error: {tmp_path / 'artifacts' / 'shop'}: the disk is full, or its quota"
    )
    assert bare_project.started("ingest", f"ARTIFACTS={tmp_path / 'artifacts'}") == {"ingest"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["DATA=nope"], "error: DATA=nope: there is no configs/data/nope.yaml; DATA is one of files, imdb_reviews,"),
        (["CELL=nope"], "error: CELL=nope: there is no configs/cell/nope.yaml; CELL is one of coupled, gru,"),
        (["PRESET=nope"], "error: PRESET=nope: there is no configs/preset/nope.yaml; PRESET is one of best, quick"),
        (["SET=train.epochs=-1"], "error: SET: train.epochs: -1: input should be greater than or equal to 1"),
    ],
)
def test_a_bad_choice_is_one_line_within_a_second(bare_project: Project, arguments: list[str], line: str) -> None:
    before = seconds_of_children()
    failed = bare_project.make("train", *arguments)
    assert seconds_of_children() - before < 3  # TensorFlow alone takes longer to import
    assert failed.returncode != 0
    assert only_line(failed.stderr).startswith(line)


def test_a_bad_row_is_one_line(bare_project: Project, tmp_path: Path) -> None:
    (tmp_path / "ratings_train.txt").write_text("id\tdocument\tlabel\n1\t좋다\t3\n")
    (tmp_path / "ratings_test.txt").write_text("id\tdocument\tlabel\n1\t좋다\t1\n")
    failed = subprocess.run(
        bare_project.command("ingest", "DATA=nsmc"),
        cwd=bare_project.root,
        env=bare_project.environment | {"NSMC_DIR": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert failed.returncode != 0
    assert only_line(failed.stderr) == f"error: {tmp_path}/ratings_train.txt: row 2: label '3', must be 0 or 1"
    assert {path.name for path in (bare_project.root / "artifacts" / "nsmc").iterdir()} == {
        "ingest.json", ".ingest.lock", "tokenize.json", "leaky",
    }  # fmt: skip


def test_an_error_in_a_builder_of_one_s_own_is_one_line(bare_project: Project) -> None:
    path = bare_project.shop / "train.tsv"
    kept = path.read_text("utf-8")
    path.write_text(kept + "\n", "utf-8")
    failed = bare_project.make("ingest")
    path.write_text(kept, "utf-8")
    assert failed.returncode != 0
    line = r"error: pipeline/datasets/shop/shop_dataset_builder\.py, line \d+: ValueError: not enough values to unpack"
    assert re.match(line, only_line(failed.stderr))
