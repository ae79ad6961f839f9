import numpy as np

from pipeline.cells.lstm import LSTMCell
from pipeline.cells.peephole import PeepholeCell
from tests.cells.contract import CellContract, random, sigmoid


class TestPeephole(CellContract):
    cell = PeepholeCell

    @staticmethod
    def oracle(w, x, h, c):
        i, f, g, o = np.split(x @ w["kernel"] + w["bias"] + h @ w["recurrent_kernel"], 4, axis=-1)
        p_i, p_f, p_o = np.split(w["peephole"], 3)
        new = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
        return [sigmoid(o + p_o * new) * np.tanh(new), new]


def test_with_shut_peepholes_it_is_the_lstm() -> None:
    peephole, lstm = PeepholeCell(3), LSTMCell(3)
    for cell in (peephole, lstm):
        cell.build((1, 2))
    lstm.set_weights([random(*w.shape, seed=n) for n, w in enumerate(lstm.weights)])
    peephole.set_weights([*lstm.get_weights(), np.zeros(9)])
    x, states = random(4, 2), [random(4, 3, seed=1), random(4, 3, seed=2)]
    for one, same in zip(peephole(x, states)[1], lstm(x, states)[1], strict=True):
        np.testing.assert_array_equal(one, same)
