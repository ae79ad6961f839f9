import numpy as np

from pipeline.cells.coupled import CoupledCell
from pipeline.cells.lstm import LSTMCell
from tests.cells.contract import CellContract, random, sigmoid


class TestCoupled(CellContract):
    cell = CoupledCell

    @staticmethod
    def oracle(w, x, h, c):
        f, g, o = np.split(x @ w["kernel"] + w["bias"] + h @ w["recurrent_kernel"], 3, axis=-1)
        c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]


def test_it_is_the_lstm_whose_input_gate_mirrors_its_forget_gate() -> None:
    coupled, lstm = CoupledCell(3), LSTMCell(3)
    for cell in (coupled, lstm):
        cell.build((1, 2))
    coupled.set_weights([random(*w.shape, seed=n) for n, w in enumerate(coupled.weights)])
    forget = slice(0, 3)  # 1 - sigmoid(v) = sigmoid(-v)
    lstm.set_weights([np.concatenate([-w[..., forget], w], axis=-1) for w in coupled.get_weights()])
    x, states = random(4, 2), [random(4, 3, seed=1), random(4, 3, seed=2)]
    for one, same in zip(coupled(x, states)[1], lstm(x, states)[1], strict=True):
        np.testing.assert_allclose(one, same, atol=1e-6)
