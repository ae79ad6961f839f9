"""What every cell is held to. A cell's test names its class and its oracle: one step in NumPy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.layers.cell import Cell
from pipeline.layers.recurrent import Bidirectional, Recurrent

BATCH, TIME, INPUTS, UNITS = 3, 5, 4, 6
FINITE_STEP = 1e-6

Arrays = list[np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def masks(batch: int, time: int) -> np.ndarray:
    """Padding right, padding left, holes, nothing at all, everything: as many rows as asked for, in turn."""
    mask = np.ones((batch, time), bool)
    mask[0::5, time // 2 + 1 :] = False
    mask[1::5, : time // 2] = False
    mask[2::5, 1::2] = False
    mask[3::5] = False
    return mask


def outputs_and_gradients(layer: Any, inputs: np.ndarray, states: Arrays, mask: np.ndarray | None) -> tuple[Any, Any]:
    """All outputs and last states, and the gradients of a mixture of them: by the weights, the inputs, the states."""

    x, states = tf.constant(inputs), [tf.constant(state) for state in states]
    run = tf.function(mixture, autograph=False) if getattr(layer, "compiled", False) else mixture
    weights = [weight.value for weight in layer.trainable_weights]
    results, (by_weights, by_inputs, by_states) = run(layer, x, states, mask, weights)
    names = [weight.name for weight in layer.trainable_weights]
    gradients = dict(zip(names, by_weights, strict=True)) | {"inputs": by_inputs}
    return [r.numpy() for r in results], {n: g.numpy() for n, g in gradients.items()} | {"states": by_states}


def mixture(layer: Any, x: tf.Tensor, states: Any, mask: np.ndarray | None, weights: Any) -> tuple[Any, Any]:
    with tf.GradientTape() as tape:
        tape.watch([x, states])
        results = layer(x, initial_state=states, mask=mask, training=True)
        loss = sum(tf.reduce_sum(tf.sin(result * (number + 1))) for number, result in enumerate(results))
    return results, tape.gradient(loss, [weights, x, states])


class CellContract:
    """Inherit, and name `cell` and `oracle(weights, x, *states)`, which gives the states after a step, h first."""

    cell: ClassVar[type[Cell]]
    options: ClassVar[dict[str, Any]] = {}
    oracle: ClassVar[Callable[..., Arrays]]

    def make(self, dtype: str = "float32", inputs: int = INPUTS, units: int = UNITS) -> Cell:
        """With random weights, biases too: zeros would hide a bias that is not read."""
        cell = self.cell(units, dtype=dtype, **self.options)
        cell.build((None, inputs))
        cell.set_weights([0.5 * random(*w.shape, seed=n) for n, w in enumerate(cell.weights)])
        return cell

    def layer(self, **kwargs: Any) -> Recurrent:
        layer = Recurrent(self.make(), return_sequences=True, return_state=True, **kwargs)
        layer.build((None, None, INPUTS))
        return layer

    def states(self, batch: int = BATCH) -> Arrays:
        return [random(batch, UNITS, seed=9 + n) for n, _ in enumerate(self.cell.states)]

    def by_oracle(self, cell: Cell, inputs: np.ndarray, states: Arrays, mask: np.ndarray) -> tuple[np.ndarray, Arrays]:
        weights = {w.name: keras.ops.convert_to_numpy(w).astype("float64") for w in cell.weights}
        states = [state.astype("float64") for state in states]
        outputs = []
        for time in range(inputs.shape[1]):
            new = type(self).oracle(weights, inputs[:, time].astype("float64"), *states)
            is_there = mask[:, time, None]
            states = [np.where(is_there, n, s) for n, s in zip(new, states, strict=True)]
            outputs.append(np.where(is_there, new[0], 0))
        return np.stack(outputs, axis=1), states

    @settings(max_examples=12, suppress_health_check=[HealthCheck.differing_executors], derandomize=True)
    @given(st.data())
    def test_equals_the_equations_for_all_shapes_and_masks(self, data: st.DataObject) -> None:
        batch, time, inputs = (data.draw(st.integers(1, most)) for most in (5, 9, 3))
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=batch * time, max_size=batch * time)))
        mask, x = mask.reshape(batch, time), random(batch, time, inputs, seed=batch * time)
        cell, states = self.make(inputs=inputs), self.states(batch)
        layer = Recurrent(cell, return_sequences=True, return_state=True)
        outputs, *last = layer(x, mask=mask, initial_state=states)
        expected, expected_last = self.by_oracle(cell, x, states, mask)
        np.testing.assert_allclose(outputs, expected, atol=1e-5)
        for state, expected_state in zip(last, expected_last, strict=True):
            np.testing.assert_allclose(state, expected_state, atol=1e-5)

    def test_stepping_by_hand_or_by_keras_equals_the_layer(self) -> None:
        layer, inputs, states = self.layer(), random(BATCH, TIME, INPUTS), self.states()
        outputs, *last = layer(inputs, initial_state=states)
        kerass = keras.layers.RNN(layer.cell, return_sequences=True)
        np.testing.assert_allclose(kerass(inputs, initial_state=states), outputs, atol=1e-5)
        for time in range(TIME):
            output, states = layer.cell(inputs[:, time], states)
            np.testing.assert_allclose(output, outputs[:, time], atol=1e-5)
        for state, expected in zip(states, last, strict=True):
            np.testing.assert_allclose(state, expected, atol=1e-5)

    def test_reading_backwards_is_reading_what_is_turned(self) -> None:
        inputs, mask = random(5, TIME, INPUTS), masks(5, TIME)
        there, back = self.layer(), self.layer(go_backwards=True)
        for one, other in zip(there(inputs[:, ::-1], mask=mask[:, ::-1]), back(inputs, mask=mask), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)

    def test_padding_never_changes_an_answer(self) -> None:
        """Nor a gradient: what stands where the mask is False might as well be anything."""
        inputs, mask, states = random(5, TIME, INPUTS), masks(5, TIME), self.states(5)
        other = np.where(mask[:, :, None], inputs, 9)
        longer = np.concatenate([other, np.full((5, 2, INPUTS), -9, "float32")], axis=1)
        longer_mask = np.concatenate([mask, np.zeros((5, 2), bool)], axis=1)
        (outputs, *last), gradients = outputs_and_gradients(self.layer(), inputs, states, mask)
        (padded, *padded_last), padded_gradients = outputs_and_gradients(self.layer(), longer, states, longer_mask)
        np.testing.assert_allclose(padded[:, :TIME], outputs, atol=1e-6)
        assert not padded[:, TIME:].any()
        assert not padded_gradients.pop("inputs")[~longer_mask].any()
        gradients.pop("inputs")
        for one, same in zip([*last, *flat(gradients)], [*padded_last, *flat(padded_gradients)], strict=True):
            np.testing.assert_allclose(one, same, atol=1e-5)

    def small(self, batch: int, time: int, **attributes: Any) -> tuple[Callable[[], tf.Tensor], list[tf.Variable]]:
        """A loss in float64 with holes in the mask, and all that it depends on: weights, inputs and first states."""
        cell = self.make("float64", inputs=2, units=2)
        layer = Recurrent(cell, return_sequences=True, return_state=True)
        for name, value in attributes.items():
            setattr(layer, name, value)
        mask = masks(batch, time)
        shapes = [(batch, time, 2), *((batch, 2) for _ in cell.states)]
        x, *states = (tf.Variable(random(*shape, seed=n).astype("float64")) for n, shape in enumerate(shapes))
        layer.build((batch, time, 2))

        def loss() -> tf.Tensor:
            results = layer(x, mask=mask, initial_state=states, training=True)
            return sum(tf.reduce_sum(tf.sin(result * (number + 1))) for number, result in enumerate(results))

        return loss, [*(w.value for w in layer.trainable_weights), x, *states]

    def test_finite_differences_agree_with_every_gradient(self) -> None:
        """Entry by entry."""
        loss, sources = self.small(3, 4)

        def gradient() -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                value = loss()
            return tape.gradient(value, sources)

        by_us = tf.function(gradient, autograph=False)()
        for one, same in zip(by_us, by_differences(loss, sources), strict=True):
            np.testing.assert_allclose(one, same, atol=1e-7)

    def test_finite_differences_agree_with_every_second_derivative(self) -> None:
        """The gradient of the squared norm of all gradients. (One shard: a graph of three loops takes long to make.)"""
        loss, sources = self.small(3, 3, row_shards=1)

        def squared_norm() -> tf.Tensor:
            with tf.GradientTape() as tape:
                value = loss()
            return sum(tf.reduce_sum(gradient**2) for gradient in tape.gradient(value, sources))

        def second() -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                value = squared_norm()
            return tape.gradient(value, sources)

        by_us = tf.function(second, autograph=False)()
        for one, same in zip(by_us, by_differences(squared_norm, sources), strict=True):
            np.testing.assert_allclose(one, same, rtol=1e-6, atol=1e-6)

    def test_every_weight_receives_a_gradient(self) -> None:
        _, gradients = outputs_and_gradients(self.layer(), random(BATCH, TIME, INPUTS), self.states(), None)
        assert [name for name, g in gradients.items() if not all(np.any(part) for part in flat({name: g}))] == []

    def test_a_state_passed_on_equals_one_long_sequence(self) -> None:
        layer, inputs, mask = self.layer(), random(5, 2 * TIME, INPUTS), masks(5, 2 * TIME)
        whole, *last = layer(inputs, mask=mask)
        first, *states = layer(inputs[:, :TIME], mask=mask[:, :TIME])
        second, *states = layer(inputs[:, TIME:], mask=mask[:, TIME:], initial_state=states)
        np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)
        for state, expected in zip(states, last, strict=True):
            np.testing.assert_allclose(state, expected, atol=1e-5)

    def test_compiled_equals_plain(self) -> None:
        inputs, mask, states = random(6, TIME, INPUTS), masks(6, TIME), self.states(6)
        plain, compiled = self.layer(), self.layer()
        compiled.compiled = True
        (outputs, gradients), (fast, fast_gradients) = (
            outputs_and_gradients(layer, inputs, states, mask) for layer in (plain, compiled)
        )
        for one, same in zip([*outputs, *flat(gradients)], [*fast, *flat(fast_gradients)], strict=True):
            np.testing.assert_allclose(one, same, atol=1e-5)

    def test_half_precision_is_close(self) -> None:
        inputs, mask = random(5, TIME, INPUTS), masks(5, TIME)
        half = Recurrent(self.make("mixed_bfloat16"), return_sequences=True, return_state=True)
        half.build((None, None, INPUTS))
        results, gradients = outputs_and_gradients(half, inputs, self.states(5), mask)
        expected, expected_gradients = outputs_and_gradients(self.layer(), inputs, self.states(5), mask)
        assert all(result.dtype == tf.bfloat16.as_numpy_dtype for result in results)
        for one, close in zip(results, expected, strict=True):
            np.testing.assert_allclose(one.astype("float32"), close, atol=0.1)
        for one, close in zip(flat(gradients), flat(expected_gradients), strict=True):
            assert np.linalg.norm(one - close) < 0.1 * np.linalg.norm(close)
        for name, array in half.trace(inputs, mask=mask).items():
            np.testing.assert_allclose(
                tf.cast(array, tf.float32), self.layer().trace(inputs, mask=mask)[name], atol=0.1
            )

    def test_its_trace_is_what_it_does(self) -> None:
        layer, inputs, mask = self.layer(go_backwards=True), random(5, TIME, INPUTS), masks(5, TIME)
        trace = layer.trace(inputs, mask=mask)
        outputs = layer(inputs, mask=mask)[0]
        np.testing.assert_allclose(np.where(mask[:, :, None], trace["h"], 0), outputs[:, ::-1], atol=1e-6)
        states = layer.get_initial_state(5)
        _, gates = layer.cell.step(layer.cell.project(tf.constant(inputs[:, -1])), states, layer.cell.recurrent_product)
        assert list(trace) == [*layer.cell.states, *gates]
        for name, gate in gates.items():
            np.testing.assert_allclose(trace[name][:, -1], gate, atol=1e-6)

    def test_round_trip(self, tmp_path: Path) -> None:
        inputs = random(BATCH, TIME, INPUTS)
        both = Bidirectional(Recurrent(self.make(), return_sequences=True))
        model = keras.Sequential([keras.Input((None, INPUTS)), both, Recurrent(self.cell(2, **self.options))])
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again(inputs), model(inputs))
        assert again.layers[-1].cell.get_config() == model.layers[-1].cell.get_config()


def flat(gradients: dict[str, Any]) -> Arrays:
    return [part for g in gradients.values() for part in (g if isinstance(g, list) else [g])]


def by_differences(function: Callable[[], tf.Tensor], sources: list[tf.Variable]) -> Arrays:
    """The gradient of a function by each source, by central differences."""
    compute, gradients = tf.function(function, autograph=False), []
    for source in sources:
        start, gradient = source.numpy(), np.zeros(source.shape)
        for index in np.ndindex(*source.shape):
            change = np.zeros_like(start)
            change[index] = FINITE_STEP
            values = [source.assign(start + sign * change) is not None and compute().numpy() for sign in (1, -1)]
            gradient[index] = (values[0] - values[1]) / (2 * FINITE_STEP)
        source.assign(start)
        gradients.append(gradient)
    return gradients


class EqualsKeras:
    """For a cell that Keras has too: name `stock`, and where they differ how its weights are made of ours."""

    stock: ClassVar[Callable[..., keras.layers.Layer]]

    @staticmethod
    def stock_weights(weights: dict[str, np.ndarray]) -> Arrays:
        return [weights["kernel"], weights["recurrent_kernel"], weights["bias"]]

    @pytest.mark.parametrize("backwards", [False, True])
    @pytest.mark.parametrize("mask", [None, masks(5, TIME)], ids=["whole", "masked"])
    def test_equals_keras_in_outputs_and_all_gradients(self, mask: np.ndarray | None, backwards: bool) -> None:
        ours = self.layer(go_backwards=backwards)
        stock = type(self).stock(
            UNITS, return_sequences=True, return_state=True, go_backwards=backwards, zero_output_for_mask=True
        )
        stock.build((None, None, INPUTS))
        stock.set_weights(self.stock_weights({w.name: keras.ops.convert_to_numpy(w) for w in ours.weights}))
        inputs, states = random(5, TIME, INPUTS), self.states(5)
        results, gradients = outputs_and_gradients(ours, inputs, states, mask)
        stock_results, stock_gradients = outputs_and_gradients(stock, inputs, states, mask)
        as_stock = [*self.stock_weights(gradients), gradients["inputs"], *gradients["states"]]
        expected = [
            *(stock_gradients[w.name] for w in stock.weights),
            *flat({n: stock_gradients[n] for n in ("inputs", "states")}),
        ]
        for one, same in zip([*results, *as_stock], [*stock_results, *expected], strict=True):
            np.testing.assert_allclose(one, same, atol=1e-5)
