"""The tables say what the probabilities say, and no pair that train holds is counted."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifact.manifest import read_manifest
from pipeline.artifact.tables import read_table
from pipeline.config.schema import Config
from pipeline.evaluate import evaluate
from pipeline.evidence.pairs import Pair
from pipeline.evidence.registry import find_measure, position
from pipeline.support.errors import UserError
from pipeline.text.reviews import read_reviews


@pytest.fixture
def evaluated(evaluated_folder: Path) -> tuple[dict[str, float], Path]:
    return read_manifest(evaluated_folder).metrics, evaluated_folder


def test_model_and_baseline_have_the_same_measures(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, _ = evaluated
    ours = {name for name in metrics if name.startswith(("test_", "pair_", "distance_", "shuffled_"))}
    assert {f"baseline_{name}" for name in ours} <= set(metrics)
    assert {"test_accuracy", "pair_consistency", "pair_ranked", "pair_order_ranked", "shuffled_drop"} <= ours
    assert metrics["test_accuracy"] > 0.9 and metrics["baseline_test_accuracy"] > 0.9


def test_pairs_add_up_to_their_consistency(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, out = evaluated
    pairs = read_table(out / "pairs.tsv")
    right = [float(pair["pos_positive"]) >= 0.5 > float(pair["neg_positive"]) for pair in pairs]
    assert len(pairs) == metrics["pairs"]
    assert np.mean(right) == pytest.approx(metrics["pair_consistency"], abs=1 / len(pairs))  # four digits are written
    by_category = [row for row in read_table(out / "evidence.tsv") if row["measure"].startswith("pair_")]
    of_categories = [
        row for row in by_category if row["measure"].count("_") == 2 and row["measure"].endswith("consistency")
    ]
    assert sum(int(row["count"]) for row in of_categories) == metrics["pairs"]
    together = sum(int(row["count"]) * float(row["model"]) for row in of_categories)
    assert together / len(pairs) == pytest.approx(metrics["pair_consistency"], abs=1e-3)


def test_every_measure_of_the_evidence_has_its_interval(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, out = evaluated
    for row in read_table(out / "evidence.tsv"):
        for who, prefix in (("model", ""), ("baseline", "baseline_")):
            if row[who]:
                assert float(row[f"{who}_low"]) <= float(row[who]) <= float(row[f"{who}_high"])
                assert float(row[who]) == pytest.approx(metrics[f"{prefix}{row['measure']}"], abs=1e-4)
        if row["model"] and row["baseline"]:
            assert float(row["gain"]) == pytest.approx(float(row["model"]) - float(row["baseline"]), abs=2e-4)


def test_every_measure_that_is_written_is_in_the_registry_in_its_order(
    evaluated: tuple[dict[str, float], Path], config: Config
) -> None:
    metrics, out = evaluated
    names = [row["measure"] for row in read_table(out / "evidence.tsv")]
    counts = {"pairs", "pairs_left_out", "phrases", "slice_reviews"}
    assert [name for name in names if find_measure(name) is None] == []
    assert [name for name in metrics.keys() - counts if find_measure(name.removeprefix("baseline_")) is None] == []
    assert names == sorted(names, key=position)


def test_order_is_nothing_to_single_words(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, _ = evaluated
    assert metrics["baseline_unigram_shuffled_accuracy"] == metrics["baseline_unigram_test_accuracy"]


def test_shuffled_labels_teach_nothing(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, _ = evaluated
    assert abs(metrics["control_shuffled_labels_accuracy"] - 0.5) < 0.2 < metrics["control_true_labels_accuracy"] - 0.5


def test_distances_are_those_asked_for(evaluated: tuple[dict[str, float], Path], config: Config) -> None:
    metrics, out = evaluated
    distances = read_table(out / "distance.tsv")
    assert [int(row["distance"]) for row in distances] == config.evaluate.distances
    for row in distances:
        assert float(row["consistency"]) == pytest.approx(metrics[f"distance_{row['distance']}_consistency"], abs=1e-4)


def test_length_buckets_add_up_to_the_accuracy(evaluated: tuple[dict[str, float], Path]) -> None:
    metrics, out = evaluated
    buckets = read_table(out / "lengths.tsv")
    total = sum(int(row["reviews"]) for row in buckets)
    assert total == 100
    right = sum(int(row["reviews"]) * float(row["accuracy"]) for row in buckets)
    assert right / total == pytest.approx(metrics["test_accuracy"], abs=1e-3)


def test_errors_are_errors_the_worst_first(evaluated: tuple[dict[str, float], Path]) -> None:
    _, out = evaluated
    wrongness = [abs(float(row["positive"]) - int(row["label"])) for row in read_table(out / "errors.tsv")]
    assert all(w >= 0.5 for w in wrongness)
    assert wrongness == sorted(wrongness, reverse=True)


def test_what_other_tests_make_up_has_the_columns_of_the_real(
    evaluated: tuple[dict[str, float], Path], evaluate_folder: Path
) -> None:
    _, out = evaluated
    real, made_up = (
        {path.name: path.read_text("utf-8").splitlines()[0] for path in folder.glob("*.tsv")}
        for folder in (out, evaluate_folder)
    )
    assert len(made_up) == 7 and made_up.items() <= real.items()


def test_pairs_of_which_train_holds_all_are_said_before_anything_is_read(
    config: Config, ingest_folder: Path, train_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Pair("a", "b", read_reviews(ingest_folder, "train").texts[0], "c")
    monkeypatch.setattr("pipeline.evaluate.read_pairs", lambda name: [known])
    with pytest.raises(UserError, match=r"evaluate\.pairs: \w+: each of its pairs has a text of train"):
        evaluate(config.evaluate, ingest_folder, tmp_path, train_folder, tmp_path)
