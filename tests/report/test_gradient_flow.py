"""The flow is the derivative it says it is, vanishes and explodes where theory says so, and holds behind open gates."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipeline.cells import cell_class
from pipeline.cells.gru import GRUCell
from pipeline.cells.lstm import LSTMCell
from pipeline.cells.min_gru import MinGRUCell
from pipeline.cells.vanilla import VanillaCell
from pipeline.layers.cell import Cell
from pipeline.report.gradient_flow import FLOOR, draw_gradient_flow, gradient_flow

ROWS, TIME, INPUTS, UNITS = 4, 61, 8, 32
CELLS = ("vanilla", "lstm", "gru", "peephole", "coupled", "layer_norm_lstm", "min_gru", "min_lstm")


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built(cell: Cell, inputs: int = INPUTS, **values: np.ndarray | float) -> Any:
    """The cell with its initial weights, and those that are named with values of their own."""
    keras.utils.set_random_seed(1)
    cell.build((None, inputs))
    for weight in cell.weights:
        if weight.name in values:
            weight.assign(np.broadcast_to(values[weight.name], weight.shape))
    return cell


def biased(cell: Cell, block: str, bias: float) -> Any:
    """The cell with its initial weights, and that bias on all gates of one kind."""
    cell = built(cell)
    cell.bias.assign(np.where(np.repeat(np.array(cell.blocks) == block, cell.units), bias, cell.bias.numpy()))
    return cell


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
def test_a_linear_cell_scales_it_at_each_step(scale: float) -> None:
    """Positive states pass relu unchanged, and U, which scales them and changes their places, keeps all norms alike."""
    shuffled = np.eye(UNITS)[np.random.default_rng(0).permutation(UNITS)]
    cell = built(VanillaCell(UNITS, activation="relu"), kernel=0.1, recurrent_kernel=scale * shuffled)
    flow = gradient_flow(cell, np.abs(random(ROWS, TIME, INPUTS)))
    np.testing.assert_allclose(flow, scale ** np.arange(TIME), rtol=1e-4)


@pytest.mark.parametrize("name", CELLS)
def test_equals_finite_differences(name: str) -> None:
    """Of one unit: a unit vector of one entry is 1 or -1."""
    cell = built(cell_class(name)(1, dtype="float64"), inputs=3)
    cell.set_weights([random(*w.shape, seed=n) for n, w in enumerate(cell.weights)])
    inputs, small = random(ROWS, 6, 3).astype("float64"), 1e-5

    def last(step: int, change: float) -> np.ndarray:
        """h_T, if h alone had been larger by that much after a step."""
        states = cell.get_initial_state(ROWS)
        for time in range(inputs.shape[1]):
            _, (h, *others) = cell(inputs[:, time], states)
            states = [h + change if time == step else h, *others]
        return keras.ops.convert_to_numpy(states[0])

    differences = [(last(step, small) - last(step, -small)) / (2 * small) for step in range(6)]
    expected = [np.abs(difference).mean() for difference in reversed(differences)]
    np.testing.assert_allclose(gradient_flow(cell, inputs), expected, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("name", CELLS)
def test_at_the_last_step_it_is_one(name: str) -> None:
    flow = gradient_flow(built(cell_class(name)(UNITS)), random(ROWS, 3, INPUTS))
    assert flow.shape == (3,)
    assert flow[0] == pytest.approx(1, abs=1e-6)


def test_vanilla_vanishes() -> None:
    """With an orthogonal U no step passes on more than the activation's slope: at most 1/4 for sigmoid, 1 for tanh."""
    inputs = random(ROWS, TIME, INPUTS)
    by_sigmoid = gradient_flow(built(VanillaCell(UNITS, activation="sigmoid")), inputs)
    assert (by_sigmoid <= 0.25 ** np.arange(TIME) * 1.001).all()
    by_tanh = gradient_flow(built(VanillaCell(UNITS)), inputs)
    assert (np.diff(by_tanh) < 0).all()
    assert by_tanh[-1] < 1e-6


def test_vanilla_explodes() -> None:
    cell = built(VanillaCell(UNITS, activation="relu"))
    cell.recurrent_kernel.assign(3 * cell.recurrent_kernel)
    assert gradient_flow(cell, random(ROWS, TIME, INPUTS))[-1] > 1e6


@pytest.mark.parametrize(
    ("cell", "block", "held"),
    [(LSTMCell, "forget", 5.0), (GRUCell, "update", 5.0), (MinGRUCell, "update", -5.0)],
    ids=["lstm", "gru", "min_gru"],
)
def test_gates_that_keep_hold_it(cell: type[Cell], block: str, held: float) -> None:
    """From the second step on: that far the gradient comes through the gates, from there through the memory."""
    inputs = random(ROWS, TIME, INPUTS)
    keeps, forgets = (gradient_flow(biased(cell(UNITS), block, bias), inputs) for bias in (held, -held))
    assert keeps[-1] > 0.3 * keeps[1]
    assert forgets[-1] < 1e-12


def test_a_gate_alone_is_a_power() -> None:
    cell = built(MinGRUCell(UNITS), kernel=0.0, bias=-2.0)
    flow = gradient_flow(cell, random(ROWS, TIME, INPUTS))
    np.testing.assert_allclose(flow, (1 - 1 / (1 + np.exp(2))) ** np.arange(TIME), rtol=1e-4)


def test_the_figure_has_glyphs_for_all_it_says_and_room_for_nothing(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    vanishing, exploding = 0.0 ** np.arange(5), 1e3 ** np.arange(5)
    draw_gradient_flow(
        tmp_path / "two.png", {"untrained": {"a": vanishing, "b": exploding}, "trained": {"b": exploding}}
    )
    draw_gradient_flow(tmp_path / "one.png", {"untrained": {"a": np.full(5, FLOOR / 2)}})
    draw_gradient_flow(tmp_path / "near.png", {"trained": {"a": np.array([1.0, 0.9, 0.7])}})
    for path in (tmp_path / "one.png", tmp_path / "two.png", tmp_path / "near.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 10_000
    assert not [str(w.message) for w in recwarn if "font" in str(w.message)]
    assert "glyph" not in caplog.text
