import numpy as np

from pipeline.cells.min_gru import MinGRUCell
from tests.cells.contract import CellContract, sigmoid


class TestMinGRU(CellContract):
    cell = MinGRUCell

    @staticmethod
    def oracle(w, x, h):
        z, g = np.split(x @ w["kernel"] + w["bias"], 2, axis=-1)
        return [(1 - sigmoid(z)) * h + sigmoid(z) * g]


def test_a_shut_update_gate_keeps_the_state() -> None:
    cell = MinGRUCell(2)
    cell.build((1, 3))
    cell.set_weights([cell.get_weights()[0], np.repeat([-50.0, 3.0], 2)])
    h = np.array([[0.3, -0.7]], "float32")
    np.testing.assert_allclose(cell(np.ones((1, 3), "float32"), [h])[0], h, atol=1e-6)
