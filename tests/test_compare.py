"""Runs of several seeds are summed up where the seed is all that differs; the figure shows each model's newest."""

from pathlib import Path

import pytest

from pipeline.compare import columns, compare
from pipeline.evidence.registry import MEASURES, Measure, Title
from pipeline.tracking.history import Run
from pipeline.tracking.seeds import by_seed, newest_of_each


def run(
    seed: str,
    name: str = "lstm-quick",
    units: str = "8",
    baseline: float = 0.8,
    started: str = "1",
    ingest: str = "a",
) -> Run:
    origin = frozenset({("train.units", units), ("ingest_digest", ingest)})
    metrics = {"baseline_test_accuracy": baseline, "test_accuracy": 0.9, "pretrain_seconds": 0, "train_seconds": 60}
    return Run(name, started, seed, origin, metrics, ingest_digest=ingest, run_id="r")


def test_the_newest_run_of_each_seed_is_taken() -> None:
    runs = [run("2", started="9"), run("1", started="8"), run("2", started="7"), run("3", started="6")]
    assert by_seed(runs) == [[runs[0], runs[1], runs[3]]]


def test_one_seed_is_no_group() -> None:
    assert by_seed([run("1"), run("1")]) == []


def test_runs_that_differ_in_more_than_the_seed_are_not_mixed() -> None:
    other = [run("2", name="lstm"), run("2", units="9"), run("2", baseline=0.81)]
    assert by_seed([run("1"), *other]) == []
    assert by_seed([run("1"), *other, run("3")]) == [[run("1"), run("3")]]


def test_a_model_is_its_newest_run_with_the_other_seeds_of_it() -> None:
    runs = [run("1"), run("2", "lstm", units="9"), run("3"), run("1", "lstm"), run("2", "lstm")]
    assert newest_of_each(runs) == [[runs[1]], [runs[0], runs[2]]]


def test_runs_on_other_data_than_the_newest_are_left_out_of_the_figure() -> None:
    runs = [run("1"), run("1", "gru", ingest="b"), run("1", "lstm", ingest="b"), run("2", "lstm")]
    assert newest_of_each(runs) == [[runs[3]], [runs[0]]]


def test_a_headline_has_the_baseline_beside_it() -> None:
    headings = list(columns())
    assert headings[headings.index("pairs") + 1] == "baseline pairs" and "baseline ranked" not in headings
    assert columns()["baseline test"] == "baseline_test_accuracy"


def test_a_measure_with_a_column_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEASURES, "my_accuracy", Measure("share", Title("Mine", "내 것"), column="mine"))
    assert columns()["mine"] == "my_accuracy" and "baseline mine" not in columns()


def test_the_figure_is_named_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("pipeline.compare.model_runs", lambda artifacts, data: [run("1")])
    monkeypatch.setattr("pipeline.compare.draw_accuracy", lambda path, data, models: path.touch())
    compare(tmp_path, "shop")
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == str(tmp_path / "shop" / "accuracy.png")
    assert "90.0%" in shown and "80.0%" in shown
    assert "pairs: Minimal pairs, both members right" in shown
    assert (tmp_path / "shop" / "accuracy.png").exists()
