"""What every cell is held to. A cell's test names its class, its oracles and its gates."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

BATCH, TIME, INPUTS, UNITS = 3, 5, 4, 6


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class CellContract:
    """Inherit and name `cell`, `stock` (Keras's layer of the same mathematics), `gates`, and define `step`."""

    cell: ClassVar[type[keras.layers.Layer]]
    stock: ClassVar[Callable[..., keras.layers.Layer]]
    gates: ClassVar[tuple[str, ...]]

    @staticmethod
    def step(weights: dict[str, np.ndarray], x: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
        """One step in NumPy, from the equations: the new states, the output first."""
        raise NotImplementedError

    @staticmethod
    def stock_weights(weights: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Our weights in the order and shapes of Keras's layer."""
        return [weights["kernel"], weights["recurrent_kernel"], weights["bias"]]

    @pytest.fixture
    def inputs(self) -> np.ndarray:
        return np.random.default_rng(0).normal(size=(BATCH, TIME, INPUTS)).astype("float32")

    @pytest.fixture
    def random_cell(self) -> keras.layers.Layer:
        """With random weights, biases too: zeros would hide a bias that is not read."""
        cell = self.cell(UNITS)
        cell.build((BATCH, INPUTS))
        chance = np.random.default_rng(1)
        cell.set_weights([chance.normal(scale=0.5, size=w.shape) for w in cell.weights])
        return cell

    def weights(self, cell: keras.layers.Layer) -> dict[str, np.ndarray]:
        return {w.name: keras.ops.convert_to_numpy(w).astype("float64") for w in cell.weights}

    def test_equals_the_equations(self, random_cell: Any, inputs: np.ndarray) -> None:
        states = [np.zeros((BATCH, UNITS)) for _ in random_cell.get_initial_state(BATCH)]
        weights, expected = self.weights(random_cell), []
        for time in range(TIME):
            states = self.step(weights, inputs[:, time].astype("float64"), states)
            expected.append(states[0])
        read = keras.layers.RNN(random_cell, return_sequences=True)(inputs)
        np.testing.assert_allclose(read, np.stack(expected, axis=1), atol=1e-5)

    def test_equals_keras_in_outputs_and_gradients(self, random_cell: Any, inputs: np.ndarray) -> None:
        ours = keras.layers.RNN(random_cell, return_sequences=True)
        stock = type(self).stock(UNITS, return_sequences=True)
        stock.build(inputs.shape)
        stock.set_weights(self.stock_weights({w.name: keras.ops.convert_to_numpy(w) for w in random_cell.weights}))
        towards = np.random.default_rng(2).normal(size=(BATCH, TIME, UNITS)).astype("float32")
        outputs, gradients = self.outputs_and_gradients(ours, inputs, towards)
        stock_outputs, stock_gradients = self.outputs_and_gradients(stock, inputs, towards)
        np.testing.assert_allclose(outputs, stock_outputs, atol=1e-5)
        by_name = {w.name: g for w, g in zip(random_cell.weights, gradients, strict=False)}
        expected = [*self.stock_weights(by_name), gradients[-1]]
        for gradient, stock_gradient in zip(expected, stock_gradients, strict=True):
            np.testing.assert_allclose(gradient, stock_gradient, atol=1e-5)

    @staticmethod
    def outputs_and_gradients(
        layer: Any, inputs: np.ndarray, towards: np.ndarray
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Outputs, and the gradients of their product with `towards`: by each weight, then by the inputs."""
        x = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
            loss = tf.reduce_sum(outputs * towards)
        sources = [w.value for w in layer.trainable_weights]
        return outputs.numpy(), [g.numpy() for g in tape.gradient(loss, [*sources, x])]

    def test_stepping_by_hand_equals_the_layer(self, random_cell: Any, inputs: np.ndarray) -> None:
        states = random_cell.get_initial_state(BATCH)
        for time in range(TIME):
            output, states = random_cell(inputs[:, time], states)
        np.testing.assert_allclose(output, keras.layers.RNN(random_cell)(inputs), atol=1e-6)

    def test_padding_changes_nothing(self, random_cell: Any, inputs: np.ndarray) -> None:
        layer = keras.layers.RNN(random_cell)
        padded = np.concatenate([inputs, np.full((BATCH, 2, INPUTS), 9, "float32")], axis=1)
        mask = np.array([[True] * TIME + [False] * 2] * BATCH)
        np.testing.assert_allclose(layer(padded, mask=mask), layer(inputs), atol=1e-6)

    def test_has_the_gates_it_says(self, random_cell: Any, inputs: np.ndarray) -> None:
        gates = random_cell.gates(inputs[:, 0], random_cell.get_initial_state(BATCH))
        assert tuple(gates) == self.gates
        assert all(gate.shape == (BATCH, UNITS) for gate in gates.values())

    def test_round_trip(self, random_cell: Any, inputs: np.ndarray, tmp_path) -> None:
        model = keras.Sequential([keras.Input((None, INPUTS)), keras.layers.RNN(random_cell)])
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again(inputs), model(inputs))
