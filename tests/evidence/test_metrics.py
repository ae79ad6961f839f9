"""Measures against counts by hand and independent formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evidence.metrics import both_right, calibration_error, classification_metrics, pairwise_ranking_accuracy

PROBABILITIES = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=50)


def test_counts_by_hand() -> None:
    labels, positive = np.array([1, 1, 1, 0]), np.array([0.9, 0.8, 0.3, 0.6])  # 2 of 3 good, 0 of 1 bad are right
    measured = classification_metrics(labels, positive, bins=10)
    assert measured["accuracy"] == pytest.approx(2 / 4)
    assert measured["balanced_accuracy"] == pytest.approx((2 / 3 + 0) / 2)
    assert measured["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert measured["roc_auc"] == pytest.approx(2 / 3)  # the bad one is below two of three good ones
    assert measured["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.3, 0.4]).mean())


@given(PROBABILITIES, st.integers(1, 20))
def test_calibration_error_is_the_weighted_gap_of_each_bin(reviews: list[tuple[int, float]], bins: int) -> None:
    gap = 0.0
    for b in range(bins):
        inside = [(y, p) for y, p in reviews if min(int(p * bins), bins - 1) == b]
        if inside:
            share, mean = sum(y for y, _ in inside) / len(inside), sum(p for _, p in inside) / len(inside)
            gap += len(inside) / len(reviews) * abs(share - mean)
    labels, positive = (np.array(column) for column in zip(*reviews, strict=True))
    assert calibration_error(labels, positive, bins) == pytest.approx(gap)


def test_a_pair_is_consistent_only_if_both_members_are_right() -> None:
    pos, neg = np.array([0.9, 0.9, 0.4, 0.5]), np.array([0.1, 0.6, 0.1, 0.4])
    assert both_right(pos, neg).mean() == 2 / 4
    assert pairwise_ranking_accuracy(pos, neg).all()
