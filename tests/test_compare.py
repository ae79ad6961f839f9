"""Runs of several seeds are summed up where the seed is all that differs."""

from pipeline.compare import by_seed
from pipeline.tracking import Run


def run(seed: str, name: str = "lstm-quick", units: str = "8", baseline: float = 0.8, started: str = "1") -> Run:
    return Run(name, started, seed, frozenset({("train.units", units)}), {"baseline_test_accuracy": baseline})


def test_the_newest_run_of_each_seed_is_taken() -> None:
    runs = [run("2", started="9"), run("1", started="8"), run("2", started="7"), run("3", started="6")]
    assert by_seed(runs) == [[runs[0], runs[1], runs[3]]]


def test_one_seed_is_no_group() -> None:
    assert by_seed([run("1"), run("1")]) == []


def test_runs_that_differ_in_more_than_the_seed_are_not_mixed() -> None:
    other = [run("2", name="lstm"), run("2", units="9"), run("2", baseline=0.81)]
    assert by_seed([run("1"), *other]) == []
    assert by_seed([run("1"), *other, run("3")]) == [[run("1"), run("3")]]
