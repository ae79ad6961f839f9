import numpy as np

from pipeline.cells.layer_norm_lstm import LayerNormLSTMCell
from tests.cells.contract import CellContract, random, sigmoid


def normalized(v: np.ndarray) -> np.ndarray:
    return (v - v.mean(axis=-1, keepdims=True)) / np.sqrt(v.var(axis=-1, keepdims=True) + 1e-3)


class TestLayerNormLSTM(CellContract):
    cell = LayerNormLSTMCell

    @staticmethod
    def oracle(w, x, h, c):
        from_x, from_h = normalized(x @ w["kernel"]), normalized(h @ w["recurrent_kernel"])
        i, f, g, o = np.split(w["gain_x"] * from_x + w["bias"] + w["gain_h"] * from_h, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(w["gain_c"] * normalized(c) + w["shift_c"]), c]


def test_the_scale_of_the_input_does_not_matter() -> None:
    cell = LayerNormLSTMCell(8)
    x, states = 10 * random(4, 5), cell.get_initial_state(4)
    np.testing.assert_allclose(cell(x, states)[0], cell(100 * x, states)[0], atol=1e-3)
