"""Answers become shares and differences, and these rows of a table."""

import numpy as np
import pytest

from pipeline.evidence.measurement import Measurement, compare_pairs, is_correct, select, subtract
from pipeline.evidence.metrics import difference_interval, share_interval
from pipeline.evidence.tables import COLUMNS, table_row
from pipeline.support.errors import UserError


def test_answers_are_compared_item_by_item() -> None:
    correct = is_correct(
        {"model": np.array([0.9, 0.5, 0.1]), "baseline": np.array([0.1, 0.1, 0.1])}, np.array([1, 1, 1])
    )
    assert correct["model"].tolist() == [True, True, False]
    less = subtract(correct, {"model": np.array([False, True, True]), "baseline": np.array([False] * 3)})
    assert less["model"].tolist() == [1, 0, -1] and less["baseline"].tolist() == [0, 0, 0]
    assert select(less, np.array([True, False, True]))["model"].tolist() == [1, -1]


def test_pairs_are_consistent_or_at_least_ranked() -> None:
    good = {"model": np.array([0.9, 0.9, 0.4]), "baseline": np.array([0.1, 0.1, 0.1])}
    bad = {"model": np.array([0.1, 0.8, 0.6]), "baseline": np.array([0.9, 0.1, 0.05])}
    consistency, ranked = compare_pairs("pair", good, bad)
    assert consistency.values["model"].tolist() == [True, False, False]
    assert ranked.values["model"].tolist() == [True, True, False]
    assert ranked.values["baseline"].tolist() == [False, False, True]


def test_a_row_has_mean_interval_and_gain_item_by_item() -> None:
    model, baseline = np.repeat([1, 0], [80, 20]), np.repeat([1, 0], [70, 30])
    name, count, *shown = table_row(Measurement("test_accuracy", {"model": model, "baseline": baseline}))
    assert (name, count) == ("test_accuracy", 100) and len(shown) + 2 == len(COLUMNS)
    assert shown[0] == 0.8 and 0.7 < shown[1] < 0.75 and 0.85 < shown[2] < 0.9
    assert shown[6] == pytest.approx(0.1)
    assert 0.03 < shown[7] < shown[6] < shown[8] < 0.18  # narrower than either's own: they err on the same reviews
    assert table_row(Measurement("test_accuracy", {"baseline": baseline}))[2:5] == [None, None, None]
    assert table_row(Measurement("test_accuracy", {"baseline": baseline}))[8:] == [None, None, None]


def test_the_kind_of_a_measure_decides_its_interval() -> None:
    values = np.repeat([1, 0], [3, 7])
    share, difference = (table_row(Measurement(name, {"model": values})) for name in ("test_accuracy", "shuffled_drop"))
    assert tuple(share[3:5]) == pytest.approx(share_interval(values))
    assert tuple(difference[3:5]) == pytest.approx(difference_interval(values))
    assert share[3:5] != difference[3:5]


def test_a_measurement_that_the_registry_lacks_is_refused() -> None:
    with pytest.raises(UserError, match=r"my_accuracy has no line in MEASURES of pipeline/evidence/registry.py"):
        table_row(Measurement("my_accuracy", {"model": np.array([True])}))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = [low <= 0.7 <= high for low, high in (share_interval(rng.random(200) < 0.7) for _ in range(300))]
    assert 0.9 < np.mean(covered) < 0.99


def test_the_interval_of_a_gain_covers_the_truth_and_is_nobody_s_side() -> None:
    rng = np.random.default_rng(0)
    drawn = [rng.choice([-1, 0, 1], 40, p=[0.05, 0.8, 0.15]) for _ in range(500)]
    covered = [low <= 0.1 <= high for low, high in map(difference_interval, drawn)]
    assert 0.92 < np.mean(covered) < 0.99
    for values in drawn[:20]:
        low, high = difference_interval(values)
        assert difference_interval(-values) == pytest.approx((-high, -low))


@pytest.mark.parametrize(("ahead", "certain"), [(0, False), (1, False), (4, False), (8, True)])
def test_being_ahead_on_few_pairs_is_not_certain(ahead: int, certain: bool) -> None:
    model, baseline = np.repeat([True, False], [ahead + 10, 24 - ahead]), np.repeat([True, False], [10, 24])
    *_, low, high = table_row(Measurement("pair_consistency", {"model": model, "baseline": baseline}))
    assert (low > 0) == certain and high > low
