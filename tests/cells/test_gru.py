import keras
import numpy as np

from pipeline.cells.gru import GRUCell
from tests.cells.contract import CellContract, sigmoid


class TestGRU(CellContract):
    cell = GRUCell
    stock = keras.layers.GRU
    gates = ("update", "reset", "candidate")

    @staticmethod
    def stock_weights(weights):
        return [weights["kernel"], weights["recurrent_kernel"], np.stack([weights["bias"], weights["recurrent_bias"]])]

    @staticmethod
    def step(weights, x, states):
        (h,) = states
        x_z, x_r, x_g = np.split(x @ weights["kernel"] + weights["bias"], 3, axis=-1)
        h_z, h_r, h_g = np.split(h @ weights["recurrent_kernel"] + weights["recurrent_bias"], 3, axis=-1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        return [z * h + (1 - z) * np.tanh(x_g + r * h_g)]


def test_an_open_update_gate_keeps_the_state() -> None:
    cell = GRUCell(2)
    cell.build((1, 3))
    kernel, recurrent_kernel, bias, recurrent_bias = cell.get_weights()
    bias[:2] = 50.0
    cell.set_weights([kernel, recurrent_kernel, bias, recurrent_bias])
    h = np.array([[0.3, -0.7]], "float32")
    np.testing.assert_allclose(cell(np.ones((1, 3), "float32"), [h])[0], h, atol=1e-6)
