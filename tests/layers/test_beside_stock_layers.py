"""`Recurrent` wherever a layer of Keras may stand, beside Keras's layer: the same outputs, gradients and training.

Beside each of our layers stands Keras's of the same cell, with the same weights; where Keras has no such cell, its RNN
around ours.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import pipeline.cells
from pipeline.cells import make_cell
from pipeline.cells.lstm import LSTMCell
from pipeline.layers.recurrent import Bidirectional, Recurrent
from tests.cells.contract import random

UNITS, INPUTS, TIME = 3, 2, 4
STOCK = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "vanilla": keras.layers.SimpleRNN}
CELLS = sorted(path.stem for path in Path(pipeline.cells.__path__[0]).glob("[a-z]*.py"))
SOME_CELLS = ["lstm", "gru", "vanilla", "peephole", "min_gru"]  # Keras's own, one of many weights, one of a scan
# Keras traces each model several times: in `make test` a loop and a scan, in `make test-slow` the other cells.
CELLS_MOST_SLOW = [
    cell if cell in ("lstm", "min_gru") else pytest.param(cell, marks=pytest.mark.slow) for cell in CELLS
]

Make = Callable[..., keras.layers.Layer]


def ours(cell: str, **options: Any) -> Recurrent:
    return Recurrent(make_cell(cell, UNITS, {}), **options)


def stock(cell: str, **options: Any) -> keras.layers.RNN:
    options["zero_output_for_mask"] = options.get("return_sequences", False)  # as Keras's Bidirectional has it
    return STOCK[cell](UNITS, **options) if cell in STOCK else keras.layers.RNN(make_cell(cell, UNITS, {}), **options)


def as_stock(ours: list[Any], stock: keras.Model) -> list[np.ndarray]:
    """Our arrays, one a weight, in the form of Keras's weights: it has the two biases of a GRU as the rows of one."""
    arrays, given = [], iter(ours)
    for weight in stock.weights:
        array = np.asarray(next(given))
        arrays.append(array if array.shape == tuple(weight.shape) else np.stack([array, np.asarray(next(given))]))
    assert list(given) == []
    return arrays


def side_by_side(way: Callable[..., keras.Model], cell: str, shape: tuple[int, ...]) -> list[keras.Model]:
    """A model around our layer, and the same around Keras's, with the same weights."""
    models = [way(make, cell) for make in (ours, stock)]
    for model in models:
        model(np.zeros((2, *shape), "float32"))
    models[0].set_weights([0.5 * random(*w.shape, seed=n) for n, w in enumerate(models[0].weights)])
    models[1].set_weights(as_stock(models[0].get_weights(), models[1]))
    return models


# Where a layer may stand


def sequential(make: Make, cell: str) -> keras.Model:
    return keras.Sequential([keras.Input((None, INPUTS)), make(cell, return_sequences=True)])


def functional(make: Make, cell: str) -> keras.Model:
    """Masked, two layers deep, and with a layer on top that asks how many steps there are."""
    inputs = keras.Input((TIME, INPUTS))
    states = make(cell, return_sequences=True)(keras.layers.Masking(1.0)(inputs))
    states, last = keras.layers.Flatten()(make(cell, return_sequences=True)(states)), make(cell)(states)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()([states, last])))


def subclassed(make: Make, cell: str) -> keras.Model:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = make(cell, return_state=True), make(cell, return_sequences=True)

        def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
            _, *states = self.encoder(inputs, training=training)
            return self.decoder(inputs, initial_state=states, training=training)

    return Model()


def time_distributed(make: Make, cell: str) -> keras.Model:
    """The rows of a text are read one by one."""
    return keras.Sequential([keras.Input((None, TIME, INPUTS)), keras.layers.TimeDistributed(make(cell))])


def bidirectional(make: Make, cell: str) -> keras.Model:
    both_ways = keras.layers.Bidirectional(make(cell, return_sequences=True), merge_mode="sum")
    return keras.Sequential([keras.Input((None, INPUTS)), both_ways])


def our_bidirectional(make: Make, cell: str) -> keras.Model:
    wrapper = Bidirectional if make is ours else keras.layers.Bidirectional
    return keras.Sequential([keras.Input((None, INPUTS)), wrapper(make(cell, return_sequences=True))])


def cloned(make: Make, cell: str) -> keras.Model:
    return keras.models.clone_model(our_bidirectional(make, cell))


def stateful(make: Make, cell: str) -> keras.Model:
    """Each call goes on where the one before it ended: `side_by_side` has called it once."""
    return keras.Sequential([keras.Input(batch_shape=(2, None, INPUTS)), make(cell, stateful=True)])


WAYS = [sequential, functional, subclassed, time_distributed, bidirectional, our_bidirectional, cloned]


@pytest.mark.parametrize("cell", SOME_CELLS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_outputs_and_gradients_are_those_of_the_stock_layer(way: Callable[..., keras.Model], cell: str) -> None:
    shape = (2, TIME, INPUTS) if way is time_distributed else (TIME, INPUTS)
    inputs = random(3, *shape)
    inputs[0, ..., 2:, :] = 1  # masked, where there is a mask
    results = []
    for model in side_by_side(way, cell, shape):
        with tf.GradientTape() as tape:
            x = tf.constant(inputs)
            tape.watch(x)
            outputs = model(x, training=True)
            loss = tf.reduce_sum(tf.sin(outputs))
        if way is not subclassed:  # Keras asks a subclass to say its shape itself
            assert model.compute_output_shape(inputs.shape) == tuple(outputs.shape)
        results.append((outputs, *tape.gradient(loss, [x, [weight.value for weight in model.weights]]), model))
    (outputs, by_inputs, by_weights, _), (expected, by_inputs_expected, by_weights_expected, model) = results
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(by_inputs, by_inputs_expected, atol=1e-5)
    for one, same in zip(as_stock(by_weights, model), by_weights_expected, strict=True):
        np.testing.assert_allclose(one, same, atol=1e-4)


@pytest.mark.parametrize("cell", SOME_CELLS)
def test_a_stateful_layer_goes_on_where_it_ended(cell: str) -> None:
    our_model, stock_model = (stateful(make, cell) for make in (ours, stock))
    trainable = [0.5 * random(*w.shape, seed=n) for n, w in enumerate(our_model.trainable_weights)]
    for weight, value in zip(our_model.trainable_weights, trainable, strict=True):
        weight.assign(value)
    given = iter(trainable)
    for weight in stock_model.trainable_weights:
        value = next(given)
        weight.assign(value if value.shape == tuple(weight.shape) else np.stack([value, next(given)]))
    for time in (3, 1, 5):
        inputs = random(2, time, INPUTS, seed=time)
        np.testing.assert_allclose(our_model(inputs), stock_model(inputs), atol=1e-5)


@pytest.mark.parametrize("way", [sequential, our_bidirectional], ids=["one way", "both ways"])
@pytest.mark.parametrize("cell", CELLS_MOST_SLOW)
def test_any_few_rows_of_any_length_follow_one_another(cell: str, way: Callable[..., keras.Model]) -> None:
    """Keras traces a graph for one row of three steps, then one for one row of any steps, then for any rows."""
    our_model, stock_model = side_by_side(way, cell, (TIME, INPUTS))
    for batch, time in [(1, 3), (1, 4), (1, 1), (3, 4), (2, 1), (4, 5), (5, 2)]:
        inputs = random(batch, time, INPUTS)
        predicted = (model.predict(inputs, verbose=0) for model in (our_model, stock_model))
        np.testing.assert_allclose(*predicted, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["plain", "compiled"])
@pytest.mark.parametrize("cell", SOME_CELLS)
def test_a_graph_relaxed_to_any_shape_gives_gradients_too(cell: str, compiled: bool) -> None:
    our_model, stock_model = side_by_side(sequential, cell, (TIME, INPUTS))
    our_model.layers[0].compiled = compiled

    def gradients(model: keras.Model, inputs: tf.Tensor, mask: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = model.layers[0](inputs, mask=mask, training=True)
            loss = tf.reduce_sum(tf.sin(outputs))
        return outputs, tape.gradient(loss, inputs)

    relaxed = tf.function(gradients, reduce_retracing=True, autograph=False)
    for batch, time in [(1, 3), (1, 4), (2, 1), (3, 4), (4, 5), (5, 2)]:
        inputs = tf.constant(random(batch, time, INPUTS))
        mask = tf.sequence_mask(time - tf.range(batch) % 3, time)
        given, expected = relaxed(our_model, inputs, mask), gradients(stock_model, inputs, mask)
        for one, same in zip(given, expected, strict=True):
            np.testing.assert_allclose(one, same, atol=1e-5)


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["plain", "xla"])
@pytest.mark.parametrize("cell", SOME_CELLS)
def test_fit_learns_the_same(cell: str, jit: bool) -> None:
    """In batches of four rows, and a last one of one."""
    inputs, answers, learnt = random(9, TIME, INPUTS), random(9, seed=1), []
    inputs[::2, 2:] = 1
    models = side_by_side(functional, cell, (TIME, INPUTS))
    for model in models:
        model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit and model is models[0])
        losses = model.fit(inputs, answers, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
        learnt.append((losses, model.get_weights()))
    (losses, weights), (expected, expected_weights) = learnt
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    for one, same in zip(as_stock(weights, models[1]), expected_weights, strict=True):
        np.testing.assert_allclose(one, same, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS_MOST_SLOW)
def test_few_rows_at_a_time_are_learnt_too(cell: str) -> None:
    our_model, stock_model = side_by_side(our_bidirectional, cell, (TIME, INPUTS))
    for model in (our_model, stock_model):
        model.compile(keras.optimizers.SGD(0.1), "mse")
    for batch, time in [(1, 3), (1, 4), (2, 4), (3, 1), (4, 2), (5, 3)]:
        inputs, answers = random(batch, time, INPUTS), random(batch, time, 2 * UNITS, seed=1)
        losses = (model.train_on_batch(inputs, answers) for model in (our_model, stock_model))
        np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.parametrize("cell", SOME_CELLS)
def test_an_exported_model_answers_the_same(cell: str, tmp_path: Path) -> None:
    model, stock_model = side_by_side(our_bidirectional, cell, (TIME, INPUTS))
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "model")  # kept: its variables go with it
    for batch, time in [(5, 4), (1, 1), (2, 3)]:
        inputs = random(batch, time, INPUTS)
        np.testing.assert_allclose(loaded.serve(inputs), stock_model(inputs), atol=1e-5)


# Types of numbers


@pytest.mark.parametrize("dtype", ["float64", None], ids=["said twice", "said of the cell"])
def test_a_layer_computes_in_the_dtype_of_its_cell(dtype: str | None) -> None:
    layer = Recurrent(LSTMCell(UNITS, dtype="float64"), dtype=dtype)
    inputs = random(3, TIME, INPUTS).astype("float64")
    outputs = layer(inputs)
    assert outputs.dtype == tf.float64
    stock_layer = keras.layers.LSTM(UNITS, dtype="float64")
    stock_layer.build(inputs.shape)
    stock_layer.set_weights(layer.get_weights())
    np.testing.assert_allclose(outputs, stock_layer(inputs), atol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16", "bfloat16"])
def test_another_dtype_is_refused_in_one_line(dtype: str) -> None:
    with pytest.raises(ValueError, match=f"^Recurrent: dtype '{dtype}', but its LSTMCell has 'float32'; allowed: .*$"):
        Recurrent(LSTMCell(UNITS), dtype=dtype)


def test_a_wrapper_may_be_of_another_dtype() -> None:
    layer = Bidirectional(Recurrent(LSTMCell(UNITS)), dtype="float64")
    assert layer(random(3, TIME, INPUTS)).dtype == tf.float64
