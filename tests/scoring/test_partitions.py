"""Parquet is scored by partitions: whatever is killed, no row is lost or doubled, and nothing is done twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import score as module
from pipeline.score import score
from pipeline.scoring import partitions
from pipeline.support.errors import UserError
from tests.project import ROOT

TEXTS = ["좋다", "", None, 'says "no"', *(f"리뷰 {n} {'가' * (n % 50)}" for n in range(400))]
SCRIPT = """
import time
from pathlib import Path
from pipeline.scoring import partitions
from pipeline.score import score

def slow(texts):
    time.sleep(0.02)
    return [len(text) / 1000 for text in texts]

partitions.ROWS, partitions._load = 20, lambda export: slow
score(Path({export!r}), "local")
"""


def lengths(texts: list[bytes]) -> list[float]:
    return [len(text) / 1000 for text in texts]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "export" / "saved_model" / "1").mkdir(parents=True)
    return tmp_path / "export"


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, one of them with row groups of its own, below a folder of their own; and where they are scored to."""
    source = tmp_path / "in"
    (source / "day=2").mkdir(parents=True)
    table = pa.table({"id": range(len(TEXTS)), "text": TEXTS})
    pq.write_table(table.slice(0, 250), source / "a.parquet", row_group_size=90)
    pq.write_table(table.slice(250), source / "day=2" / "b.parquet")
    monkeypatch.setenv("IN", str(source))
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    monkeypatch.setattr(partitions, "ROWS", 20)
    monkeypatch.setattr(partitions, "_load", lambda export: lengths)
    return tmp_path / "out"


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.parquet")}


def check(out: Path) -> None:
    """Each row of the input is in the output once, as it was, with what it scores."""
    rows = [row for path in out.rglob("*.parquet") for row in pq.ParquetFile(path).read().to_pylist()]
    assert sorted((row["id"], row["text"]) for row in rows) == list(enumerate(TEXTS))
    expected = {n: len((text or "").encode()) / 1000 for n, text in enumerate(TEXTS)}
    assert all(row["positive"] == pytest.approx(expected[row["id"]]) for row in rows)
    assert all(row["predicted"] == ("pos" if row["positive"] >= 0.5 else "neg") for row in rows)
    assert (out / "_SUCCESS").read_text() == f"{len(TEXTS)}\n"
    assert [path.name for path in out.rglob(".*")] == [".lock"]


def test_every_row_is_scored_once(given: Path, export: Path, capsys: pytest.CaptureFixture) -> None:
    score(export, "local")
    check(given)
    assert max(pq.ParquetFile(path).metadata.num_rows for path in given.rglob("*.parquet")) == 20
    assert "404 rows in 22 files; 404 scored in" in capsys.readouterr().err


def test_a_rerun_does_what_is_missing_and_no_more(given: Path, export: Path, monkeypatch) -> None:
    score(export, "local")
    before = contents(given)
    times = {path: path.stat().st_mtime_ns for path in given.rglob("*.parquet")}
    seen: list[int] = []
    monkeypatch.setattr(partitions, "_load", lambda export: lambda texts: seen.append(len(texts)) or lengths(texts))
    score(export, "local")
    assert seen == []
    gone, *_ = sorted(given.rglob("*.parquet"))
    gone.unlink()
    score(export, "local")
    assert seen == [20] and contents(given) == before
    assert {path: path.stat().st_mtime_ns for path in times if path != gone} == {
        path: made for path, made in times.items() if path != gone
    }
    more = given.parent / "in" / "c.parquet"
    pq.write_table(pa.table({"id": [0], "text": ["새 글"]}), more)
    score(export, "local")
    assert seen == [20, 1] and len(contents(given)) == len(before) + 1
    more.unlink()
    score(export, "local")
    assert contents(given) == before


def test_another_model_or_input_is_scored_anew(given: Path, export: Path, monkeypatch) -> None:
    score(export, "local")
    (export / "saved_model" / "2").mkdir()
    monkeypatch.setattr(partitions, "_load", lambda export: lambda texts: [0.9] * len(texts))
    score(export, "local")
    assert {row for path in given.rglob("*.parquet") for row in pq.read_table(path)["predicted"].to_pylist()} == {"pos"}


@pytest.mark.parametrize("kills", [6, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_at_random_points_it_ends_as_if_it_was_not(kills: int, given: Path, export: Path) -> None:
    score(export, "local")
    whole = contents(given)
    chance = random.Random(kills)
    command = [sys.executable, "-c", SCRIPT.format(export=str(export))]
    for path in given.rglob("*.parquet"):
        path.unlink()
    for _ in range(kills):
        if len(contents(given)) == len(whole):
            for path in given.rglob("*.parquet"):
                path.unlink()
        before = len(contents(given))
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(contents(given)) == before and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = contents(given)
        assert all(whole[name] == content for name, content in kept.items())  # no half of a file is ever there
    score(export, "local")
    assert contents(given) == whole
    check(given)


def test_what_cannot_be_done_is_one_line(given: Path, export: Path, tmp_path: Path, monkeypatch) -> None:
    def refused(**changed: str) -> str:
        with monkeypatch.context() as patch, pytest.raises(UserError) as error:
            for name, value in changed.items():
                patch.setenv(name, value)
            score(export, os.environ.get("ENGINE", "local"))
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "must be one of local, ray, spark" in refused(ENGINE="dask")
    assert "IN: not given; type make score IN=" in refused(IN="")
    assert "no such file or folder" in refused(IN=str(tmp_path / "gone"))
    assert "holds no .parquet file" in refused(IN=str(export))
    assert "is in IN=" in refused(OUT=str(tmp_path / "in" / "scored"))
    assert "has no column 'review'; it has id, text" in refused(COLUMN="review")
    assert "ADDRESS=x: ENGINE=local has none" in refused(ADDRESS="x")
    pq.write_table(pa.table({"text": ["x"], "positive": [1.0]}), tmp_path / "scored.parquet")
    assert "has a column 'positive', which make score adds" in refused(IN=str(tmp_path / "scored.parquet"))
    (tmp_path / "other").mkdir()
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other" / "x.parquet")
    assert "holds x.parquet, which make score did not write" in refused(OUT=str(tmp_path / "other"))
    with partitions.reserved(given):
        assert "another make score is at work on it" in refused()


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_an_engine_that_is_not_installed_says_how(engine: str, given: Path, export: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, {"ray": "ray", "spark": "pyspark.sql"}[engine], None)
    with pytest.raises(UserError, match=f"ENGINE={engine}: not installed; .* -r requirements-{engine}.txt"):
        score(export, engine)
    assert (ROOT / f"requirements-{engine}.txt").is_file()


def test_an_engine_that_lost_a_partition_is_told(given: Path, export: Path, monkeypatch) -> None:
    monkeypatch.setitem(module.ENGINES, "local", lambda job, address: iter([20]))
    with pytest.raises(UserError, match=r"has None rows, must have 20; the same command goes on"):
        score(export, "local")
    assert not (given / "_SUCCESS").exists()
