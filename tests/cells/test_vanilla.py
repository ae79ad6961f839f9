from typing import ClassVar

import keras
import numpy as np

from pipeline.cells.vanilla import VanillaCell
from tests.cells.contract import CellContract


class TestVanilla(CellContract):
    cell = VanillaCell
    stock = keras.layers.SimpleRNN
    gates: ClassVar[tuple[str, ...]] = ()

    @staticmethod
    def step(weights, x, states):
        return [np.tanh(x @ weights["kernel"] + states[0] @ weights["recurrent_kernel"] + weights["bias"])]

    def test_the_activation_is_selectable(self) -> None:
        cell = VanillaCell(1, activation="relu")
        cell.build((1, 1))
        cell.set_weights([np.array([[1.0]]), np.array([[1.0]]), np.array([0.0])])
        assert float(cell(np.array([[3.0]]), [np.array([[4.0]])])[0][0, 0]) == 7.0
        assert VanillaCell.from_config(cell.get_config()).activation is keras.activations.relu
