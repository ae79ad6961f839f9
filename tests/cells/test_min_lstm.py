import numpy as np

from pipeline.cells.min_lstm import MinLSTMCell
from tests.cells.contract import CellContract, sigmoid


class TestMinLSTM(CellContract):
    cell = MinLSTMCell

    @staticmethod
    def oracle(w, x, h):
        i, f, g = np.split(x @ w["kernel"] + w["bias"], 3, axis=-1)
        i, f = sigmoid(i), sigmoid(f)
        return [f / (f + i) * h + i / (f + i) * g]


def test_gates_that_are_both_shut_still_share_one_whole() -> None:
    cell = MinLSTMCell(1)
    cell.build((1, 1))
    cell.set_weights([np.zeros((1, 3)), np.array([-200.0, -200.0, 3.0])])
    np.testing.assert_allclose(cell(np.ones((1, 1)), [np.array([[1.0]])])[0], [[2.0]], atol=1e-6)  # (1 + 3) / 2
