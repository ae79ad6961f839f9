import keras
import numpy as np
import pytest

from pipeline.cells.lstm import LSTMCell
from tests.cells.contract import CellContract, EqualsKeras, sigmoid

OPEN, SHUT = 50.0, -50.0


class TestLSTM(EqualsKeras, CellContract):
    cell = LSTMCell
    stock = keras.layers.LSTM

    @staticmethod
    def oracle(w, x, h, c):
        i, f, g, o = np.split(x @ w["kernel"] + w["bias"] + h @ w["recurrent_kernel"], 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]


def gated_cell(i: float, f: float, o: float) -> LSTMCell:
    """A cell of four units whose gates stand still and whose candidate is tanh of its input."""
    cell = LSTMCell(4)
    cell.build((1, 4))
    kernel = np.zeros((4, 16))
    kernel[:, 8:12] = np.eye(4)
    cell.set_weights([kernel, np.zeros((4, 16)), np.repeat([i, f, 0.0, o], 4)])
    return cell


C = np.array([[0.1, 2.0, -0.4, 0.5]], "float32")
X = np.array([[0.3, -0.2, 0.9, 0.1]], "float32")


def memory_after(cell: LSTMCell, c: np.ndarray) -> np.ndarray:
    _, (_, memory) = cell(X, [np.zeros((1, 4), "float32"), c])
    return np.array(memory)


def test_forget_1_input_0_keeps_the_memory() -> None:
    np.testing.assert_allclose(memory_after(gated_cell(i=SHUT, f=OPEN, o=OPEN), C), C, atol=1e-6)


def test_forget_0_input_1_replaces_it() -> None:
    np.testing.assert_allclose(memory_after(gated_cell(i=OPEN, f=SHUT, o=OPEN), C), np.tanh(X), atol=1e-6)


def test_output_0_hides_it() -> None:
    h, (_, c) = gated_cell(i=SHUT, f=OPEN, o=SHUT)(X, [np.zeros((1, 4), "float32"), C])
    np.testing.assert_allclose(h, 0, atol=1e-6)
    np.testing.assert_allclose(c, C, atol=1e-6)


def test_a_worked_example_of_forgetting() -> None:
    f = np.array([0.1, 0.9, 0.4, 0.9])
    cell = gated_cell(i=SHUT, f=0.0, o=OPEN)
    kernel, recurrent_kernel, bias = cell.get_weights()
    bias[4:8] = np.log(f / (1 - f))
    cell.set_weights([kernel, recurrent_kernel, bias])
    np.testing.assert_allclose(memory_after(cell, C), [[0.01, 1.8, -0.16, 0.45]], atol=1e-6)


def test_it_starts_out_remembering() -> None:
    cell = LSTMCell(2)
    cell.build((1, 3))
    assert cell.bias.numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    _, gates = cell.step(np.zeros((1, 8), "float32") + cell.bias, cell.get_initial_state(1), cell.recurrent_product)
    assert float(gates["forget"][0, 0]) == pytest.approx(0.731, abs=1e-3)  # sigmoid(1)
