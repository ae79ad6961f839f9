"""A point is the mean accuracy over all minutes of training, and no label hides another."""

from itertools import pairwise
from pathlib import Path

import matplotlib.image
import pytest
from matplotlib.transforms import Bbox

from pipeline.tracking.accuracy_figure import Point, draw_accuracy, free_box, mean_point, spread_out
from pipeline.tracking.history import Run


def run(accuracy: float, train: float = 60, pretrain: float = 0, name: str = "lstm-best") -> Run:
    seconds = {"train_seconds": train, "pretrain_seconds": pretrain}
    metrics = {"test_accuracy": accuracy, "baseline_test_accuracy": 0.875, **seconds}
    return Run(name, "", "1", frozenset(), metrics, ingest_digest="d", run_id="r")


def test_a_point_is_the_mean_over_seeds_and_pretraining_counts() -> None:
    point = mean_point([run(0.89, train=60, pretrain=600), run(0.91, train=120, pretrain=600)])
    assert point == pytest.approx(Point("lstm-best", 11.5, 90, 2**0.5)) and point.cell == "lstm"
    assert mean_point([run(0.89)]).spread == 0


@pytest.mark.parametrize("heights", [[1], [86.5, 87.5, 88.9], [1, 1, 1, 1.1, 9]])
def test_labels_keep_their_order_and_stand_apart(heights: list[float]) -> None:
    placed = spread_out(heights, 2)
    assert all(above - below >= 2 - 1e-9 for below, above in pairwise(placed))
    assert spread_out(placed, 2) == pytest.approx(placed)


def test_a_name_stands_right_of_its_point_or_where_there_is_room() -> None:
    page, right = Bbox([(0, 0), (200, 200)]), Bbox([(105, 90), (200, 110)])
    assert free_box((100, 100), (40, 10), [], page).extents.tolist() == [107, 95, 147, 105]
    assert free_box((100, 100), (40, 10), [right], page).extents.tolist() == [53, 95, 93, 105]
    assert free_box((190, 100), (40, 10), [], page).x1 < 190
    assert free_box((100, 100), (40, 10), [page], page).x0 > 100


def test_the_figure_is_drawn_with_published_lines_or_without(tmp_path: Path) -> None:
    models = [[run(0.87, name="gru")], [run(0.89), run(0.90)]]
    for data in ("nsmc", "shop"):
        draw_accuracy(tmp_path / f"{data}.png", data, models)
    one, other = (matplotlib.image.imread(tmp_path / f"{data}.png") for data in ("nsmc", "shop"))
    assert one.shape == other.shape and (one != other).any()
