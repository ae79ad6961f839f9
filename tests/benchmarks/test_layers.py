"""bench times real layers, writes the entries and checks them against the targets. No test asserts a speed."""

import json
import sys
from pathlib import Path

import pytest

from pipeline.bench import write_json
from pipeline.benchmarks import drawing, targets
from pipeline.benchmarks.entries import SIBLINGS, Direction, Entry, Point, Shape, with_dropout
from pipeline.benchmarks.epoch import STOCK, check_epoch, time_epoch, with_keras_layers
from pipeline.benchmarks.layers import contenders, find_torch, keras_contender, ours, time_layers, time_scaling
from pipeline.benchmarks.timing import TargetResult
from pipeline.config.schema import Config
from pipeline.layers.recurrent import Bidirectional, Recurrent
from pipeline.model.classifier import build_classifier
from pipeline.model.encoder import all_layers

TINY = (4, 3)


def entry(direction: Direction, cell: str, by: str, shape: Shape, ms: float, fraction: float = 0.1) -> Entry:
    return Entry(direction, cell, by, *shape, ms, gflops=10.0, fraction_of_peak=fraction)


@pytest.fixture(scope="module")
def layers() -> list[Entry]:
    return time_layers([TINY], ("gru",), repeats=1)


@pytest.mark.parametrize(
    ("cell", "direction", "by_hand"),
    [
        ("lstm", "forward", 2 * 4 * 3 * (256 + 128) * 4 * 128),
        ("lstm", "train", 3 * 2 * 4 * 3 * (256 + 128) * 4 * 128),
        ("layer_norm_lstm", "forward", 2 * 4 * 3 * (256 + 128) * 4 * 128),
        ("gru", "forward", 2 * 4 * 3 * (256 + 128) * 3 * 128),
        ("min_gru", "forward", 2 * 4 * 3 * 256 * 2 * 128),
    ],
)
def test_flops(cell: str, direction: Direction, by_hand: int) -> None:
    assert keras_contender(ours(cell), direction, TINY).flops == by_hand


@pytest.mark.slow
def test_every_contender_is_timed(layers: list[Entry]) -> None:
    timed = {(e.direction, e.cell, e.by) for e in layers}
    for direction in ("train", "forward"):
        assert {(direction, "gru", by) for by in ("ours", "plain", "keras")} < timed
        assert (direction, "min_gru", "ours") in timed
    assert ("train", with_dropout("gru"), "ours") in timed
    assert all(e.ms > 0 and e.fraction_of_peak > 0 for e in layers)


def test_targets_name_timed_contenders() -> None:
    for target in targets.TARGETS:
        family = target.fast[0] if target.fast[0] in SIBLINGS else target.slow[0]
        timed = set(contenders(family, target.direction, TINY, torch=None))
        assert {key for key in (target.slow, target.fast) if key[1] != "torch"} <= timed


@pytest.mark.slow
def test_entries_are_written_and_drawn(layers: list[Entry], tmp_path: Path) -> None:
    points = time_scaling({"time": [TINY, (4, 6)]}, repeats=1)
    results = [*targets.check_layers(layers), *targets.check_scaling(points)]
    write_json(tmp_path / "bench.json", {"layers": layers, "scaling": points}, results)
    drawing.draw(tmp_path / "bench.png", layers, points)
    written = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    assert [Entry(**e) for e in written["layers"]] == layers
    assert [Point(**p) for p in written["scaling"]] == points
    assert len(written["results"]) == len(results)
    assert [(p.batch, p.time) for p in points] == [(4, 3), (4, 6)]
    assert all(p.ms > 0 for p in points)
    assert (tmp_path / "bench.png").stat().st_size > 10_000


def test_layers_are_checked_over_all_shapes() -> None:
    times = {((256, 16), "ours"): 10, ((256, 16), "keras"): 20, ((64, 128), "ours"): 10, ((64, 128), "keras"): 5}
    results = targets.check_layers([entry("train", "lstm", by, shape, ms) for (shape, by), ms in times.items()])
    assert [(r.value, r.target, r.met) for r in results] == [
        (pytest.approx((20 / 10 * 5 / 10) ** 0.5), 1.25, False),
        (0.5, 1.0, False),
    ]


def test_a_target_for_one_time_ignores_other_shapes() -> None:
    times = {((256, 16), "gru"): 1, ((256, 16), "min_gru"): 1, ((64, 128), "gru"): 8, ((64, 128), "min_gru"): 2}
    results = targets.check_layers([entry("train", cell, "ours", shape, ms) for (shape, cell), ms in times.items()])
    assert [(r.value, r.met) for r in results] == [(4, True)]


def test_scaling_is_checked_by_the_worst_growth() -> None:
    costs = {16: 1.0, 64: 3.0, 256: 15.0}
    points = [Point("time", 32, time, ms, 1.0, 0.1, None) for time, ms in costs.items()]
    (result,) = targets.check_scaling(points)
    assert (result.value, result.met) == (1.25, False)


def test_a_busy_machine_misses_its_target() -> None:
    quiet, busy = (entry("train", "lstm", "ours", TINY, 1.0, fraction) for fraction in (0.1, 0.2))
    assert targets.check_machine([quiet, quiet]).met
    assert not targets.check_machine([quiet, busy]).met


def test_no_target_is_neither_met_nor_missed() -> None:
    assert TargetResult("something", 2.0, "at least", None).met is None


def test_without_torch_a_line_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert find_torch() is None
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.slow
def test_an_epoch_is_timed_on_batches_of_the_data(config: Config, ingest_folder: Path, tokenize_folder: Path) -> None:
    one_way = config.train.model_copy(update={"bidirectional": False})  # half as much to compile
    epochs = time_epoch(one_way, ingest_folder, tokenize_folder, sampled=2, repeats=1)
    by = {epoch.by: epoch for epoch in epochs}
    assert set(by) == {"ours", "plain", "xla", "keras", "padded"}
    assert by["ours"].step_ms in (by["plain"].step_ms, by["xla"].step_ms)
    assert all(epoch.seconds == pytest.approx(epoch.steps * epoch.step_ms / 1000) for epoch in epochs)
    assert by["padded"].steps > 2 * by["plain"].steps  # its texts are short
    assert [result.target for result in check_epoch(epochs, "maekrak", "lstm")] == [1.3, 4.0]


def test_keras_trains_the_same_model(config: Config) -> None:
    ours = build_classifier(config.train, 50)
    stock = with_keras_layers(ours, config.train)
    assert stock.count_params() == ours.count_params()
    assert any(isinstance(layer, STOCK["lstm"]) for layer in all_layers(stock))
    assert not any(isinstance(layer, Bidirectional | Recurrent) for layer in all_layers(stock))
