import keras
import numpy as np
import pytest

from pipeline.cells.vanilla import VanillaCell
from pipeline.support.errors import UserError
from tests.cells.contract import CellContract, EqualsKeras


class TestVanilla(EqualsKeras, CellContract):
    cell = VanillaCell
    stock = keras.layers.SimpleRNN

    @staticmethod
    def oracle(w, x, h):
        return [np.tanh(x @ w["kernel"] + w["bias"] + h @ w["recurrent_kernel"])]


@pytest.mark.parametrize(("activation", "h"), [("tanh", np.tanh(7)), ("sigmoid", 1 / (1 + np.exp(-7))), ("relu", 7)])
def test_the_activation_is_selectable(activation: str, h: float) -> None:
    cell = VanillaCell(1, activation=activation)
    cell.build((1, 1))
    cell.set_weights([np.array([[1.0]]), np.array([[1.0]]), np.array([0.0])])
    assert float(cell(np.array([[3.0]]), [np.array([[4.0]])])[0][0, 0]) == pytest.approx(h, abs=1e-6)
    assert VanillaCell.from_config(cell.get_config()).activation == activation


def test_another_activation_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="activation: 'swish': is one of tanh, sigmoid, relu"):
        VanillaCell(1, activation="swish")
