from typing import ClassVar

import keras
import numpy as np

from pipeline.cells.gru import GRUCell
from tests.cells.contract import CellContract, EqualsKeras, sigmoid


class TestGRU(EqualsKeras, CellContract):
    cell = GRUCell
    stock = keras.layers.GRU

    @staticmethod
    def stock_weights(weights):
        return [weights["kernel"], weights["recurrent_kernel"], np.stack([weights["bias"], weights["recurrent_bias"]])]

    @staticmethod
    def oracle(w, x, h):
        x_z, x_r, x_g = np.split(x @ w["kernel"] + w["bias"], 3, axis=-1)
        h_z, h_r, h_g = np.split(h @ w["recurrent_kernel"] + w["recurrent_bias"], 3, axis=-1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        return [z * h + (1 - z) * np.tanh(x_g + r * h_g)]


class TestGRUResetBefore(EqualsKeras, CellContract):
    """Keras has no recurrent bias there: its one bias is the sum of ours, and has the gradient of either."""

    cell = GRUCell
    options: ClassVar = {"reset_after": False}
    stock = staticmethod(lambda *args, **kwargs: keras.layers.GRU(*args, reset_after=False, **kwargs))

    def make(self, *args, **kwargs):
        cell = super().make(*args, **kwargs)
        if cell.compute_dtype != "float64":  # its gradients are compared with differences, not with Keras
            cell.recurrent_bias.assign(np.zeros(cell.recurrent_bias.shape))
        return cell

    @staticmethod
    def oracle(w, x, h):
        x_z, x_r, x_g = np.split(x @ w["kernel"] + w["bias"] + w["recurrent_bias"], 3, axis=-1)
        u_z, u_r, u_g = np.split(w["recurrent_kernel"], 3, axis=-1)
        z, r = sigmoid(x_z + h @ u_z), sigmoid(x_r + h @ u_r)
        return [z * h + (1 - z) * np.tanh(x_g + (r * h) @ u_g)]


def h_after(update: float, reset: float, reset_after: bool = True) -> np.ndarray:
    """Of a cell with W = 0 and U = 1, whose gates stand still."""
    cell = GRUCell(2, reset_after=reset_after)
    cell.build((1, 3))
    gates = np.repeat([update, reset, 0.0], 2)
    cell.set_weights([np.zeros((3, 6)), np.concatenate([np.zeros((2, 4)), np.eye(2)], axis=1), gates, np.zeros(6)])
    return np.array(cell(np.ones((1, 3), "float32"), [H])[0])


OPEN, SHUT = 50.0, -50.0
H = np.array([[0.3, -0.7]], "float32")


def test_an_open_update_gate_keeps_the_state() -> None:
    np.testing.assert_allclose(h_after(update=OPEN, reset=OPEN), H, atol=1e-6)


def test_a_shut_update_gate_replaces_it_by_what_the_reset_gate_lets_through() -> None:
    for reset_after in (True, False):
        np.testing.assert_allclose(h_after(SHUT, OPEN, reset_after), np.tanh(H), atol=1e-6)
        np.testing.assert_allclose(h_after(SHUT, SHUT, reset_after), 0, atol=1e-6)
