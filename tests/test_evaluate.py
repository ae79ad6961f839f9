"""The tables say what the probabilities say, and no pair that train holds is counted."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.config import Config
from pipeline.evaluate import evaluate, unseen_pairs
from pipeline.pairs import Pair
from tests.conftest import seal


def rows(path: Path) -> list[dict[str, str]]:
    header, *lines = (line.split("\t") for line in path.read_text("utf-8").split("\n")[:-1])
    return [dict(zip(header, line, strict=True)) for line in lines]


@pytest.fixture(scope="module")
def evaluated(
    tmp_path_factory: pytest.TempPathFactory,
    config: Config,
    ingest_folder: Path,
    tokenize_folder: Path,
    train_folder: Path,
) -> tuple[dict[str, float], Path]:
    out = tmp_path_factory.mktemp("evaluate")
    metrics = evaluate(config.evaluate, ingest_folder, tokenize_folder, train_folder, out)
    seal(out, config, "evaluate", metrics)
    return metrics, out


def test_model_and_baseline_have_the_same_measures(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, _ = evaluated
    ours = {name for name in metrics if name.startswith(("test_", "pair_"))}
    assert {f"baseline_{name}" for name in ours} == {name for name in metrics if name.startswith("baseline_")}
    assert {"test_accuracy", "pair_consistency", "pair_ranked", "test_calibration_error"} <= ours
    assert metrics["test_accuracy"] > 0.9 and metrics["baseline_test_accuracy"] > 0.9


def test_pairs_add_up_to_their_consistency(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, out = evaluated
    pairs = rows(out / "pairs.tsv")
    right = [float(pair["pos_positive"]) >= 0.5 > float(pair["neg_positive"]) for pair in pairs]
    assert len(pairs) == metrics["pairs"]
    assert np.mean(right) == pytest.approx(metrics["pair_consistency"], abs=1 / len(pairs))  # four digits are written
    categories = rows(out / "categories.tsv")
    assert sum(int(row["pairs"]) for row in categories) == metrics["pairs"]


def test_length_buckets_add_up_to_the_accuracy(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, out = evaluated
    buckets = rows(out / "lengths.tsv")
    total = sum(int(row["reviews"]) for row in buckets)
    assert total == 100
    right = sum(int(row["reviews"]) * float(row["accuracy"]) for row in buckets)
    assert right / total == pytest.approx(metrics["test_accuracy"], abs=1e-3)


def test_errors_are_errors_the_worst_first(evaluated: tuple[dict[str, float], Path]) -> None:
    _, out = evaluated
    wrongness = [abs(float(row["positive"]) - int(row["label"])) for row in rows(out / "errors.tsv")]
    assert all(w >= 0.5 for w in wrongness)
    assert wrongness == sorted(wrongness, reverse=True)


def test_a_pair_that_train_holds_is_left_out() -> None:
    known = Pair("lexical", "죽인다", pos="연기가  죽인다", neg="시간만 죽인다")
    new = Pair("lexical", "죽인다", pos="음악이 죽인다", neg="기분만 죽인다")
    assert unseen_pairs([known, new], {"연기가 죽인다"}) == [new]
