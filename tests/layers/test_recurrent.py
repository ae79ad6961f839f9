"""The layer around the cells: what it does beyond what each cell's contract holds it to."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.cells.gru import GRUCell
from pipeline.cells.lstm import LSTMCell
from pipeline.cells.min_gru import MinGRUCell
from pipeline.cells.vanilla import VanillaCell
from pipeline.layers.recurrent import Bidirectional, Recurrent
from pipeline.support.errors import UserError
from tests.cells.contract import INPUTS, TIME, random


def lstm(**kwargs) -> Recurrent:
    keras.utils.set_random_seed(3)
    return Recurrent(LSTMCell(4), return_sequences=True, **kwargs)


def test_a_batch_of_one_and_a_row_of_padding_alone() -> None:
    layer = lstm(return_state=True)
    for mask in (None, np.zeros((1, TIME), bool)):
        outputs, h, c = layer(random(1, TIME, INPUTS), mask=mask)
        assert outputs.shape == (1, TIME, 4)
        assert np.isfinite(outputs).all()
    assert not np.any(outputs) and not np.any(h) and not np.any(c)


def test_steps_that_no_row_has_are_never_run() -> None:
    """What a text costs does not depend on how far it is padded: counted in steps, not in seconds."""
    ran = tf.Variable(0)

    @keras.saving.register_keras_serializable("tests")
    class CountingCell(VanillaCell):
        def step(self, x, states, U):
            with tf.control_dependencies([tf.cond(tf.size(x) > 0, lambda: ran.assign_add(1), ran.value)]):
                return super().step(tf.identity(x), states, U)

    layer = Recurrent(CountingCell(2), return_sequences=True)
    layer.row_shards = 1
    layer.build((None, None, 3))
    read = tf.function(lambda mask: layer(tf.ones((2, 40, 3)), mask=mask), autograph=False)
    for first, last in ((0, 5), (35, 40), (20, 22)):
        mask = np.zeros((2, 40), bool)
        mask[0, first:last] = True
        read(tf.constant(mask))
        ran.assign(0)
        read(tf.constant(mask))
        assert ran.numpy() - 1 == last - first  # and once outside the loop, to see what a step gives


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["plain", "xla"])
def test_a_stack_both_ways_trains_under_any_compiler(jit: bool) -> None:
    keras.utils.set_random_seed(1)
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(9, 5, mask_zero=True)(ids)
    x = Bidirectional(Recurrent(GRUCell(4), return_sequences=True, recurrent_dropout=0.2))(x)
    x = Bidirectional(Recurrent(MinGRUCell(4), return_sequences=True))(x)
    x = Recurrent(LSTMCell(4))(x)
    model = keras.Model(ids, keras.layers.Dense(1)(x))
    model.compile(keras.optimizers.Adam(0.05), "mse", jit_compile=jit)
    texts = np.random.default_rng(0).integers(1, 9, size=(16, 6))
    texts[:, 4:] *= np.arange(16)[:, None] % 2
    answers = (texts[:, 0] > 4).astype("float32")  # what stands first must be carried to the end
    losses = model.fit(texts, answers, epochs=30, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 4


def test_recurrent_dropout_drops_the_same_units_at_every_step() -> None:
    cell = VanillaCell(50, activation="relu")
    layer = Recurrent(cell, recurrent_dropout=0.4, return_sequences=True)
    layer.build((None, None, 50))
    cell.set_weights([np.eye(50), np.eye(50), np.zeros(50)])  # h_t = x_t + kept * h_{t-1}
    inputs = np.zeros((200, 4, 50), "float32")
    inputs[:, 0] = 1
    outputs = layer(inputs, training=True).numpy()
    kept = outputs[:, 1] > 0
    assert 0.55 < kept.mean() < 0.65
    assert len(np.unique(kept, axis=0)) > 190  # other units for each sequence
    np.testing.assert_allclose(outputs[:, 3], np.where(kept, (1 / 0.6) ** 3, 0), rtol=1e-4)
    np.testing.assert_array_equal(layer(inputs, training=False), np.ones_like(inputs))


def test_gradients_are_the_same_without_training() -> None:
    layer, inputs = lstm(), tf.constant(random(3, TIME, INPUTS))
    gradients = []
    for training in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.sin(layer(inputs, training=training)))
        gradients.append(tape.gradient(loss, [inputs, *(w.value for w in layer.trainable_weights)]))
    for one, same in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, same, atol=1e-5)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UserError, match="recurrent_dropout: MinGRUCell has no recurrent product; allowed: 0"):
        Recurrent(MinGRUCell(2), recurrent_dropout=0.1)
    with pytest.raises(ValueError, match="unroll"):
        Recurrent(LSTMCell(2), unroll=True)


LOADS = """
import sys
import numpy as np
import tensorflow as tf
read = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
np.save(sys.argv[2], read(x=tf.constant(np.load(sys.argv[3])))["h"])
"""


def test_a_saved_model_needs_tensorflow_alone(tmp_path: Path) -> None:
    layer = Bidirectional(lstm())
    inputs = random(3, TIME, INPUTS)
    expected = layer(inputs)
    module = tf.Module()
    module.layer = layer
    module.read = tf.function(
        lambda x: {"h": layer(x)}, input_signature=[tf.TensorSpec((None, None, INPUTS), name="x")]
    )
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=module.read)
    np.save(tmp_path / "x.npy", inputs)
    arguments = [tmp_path / name for name in ("model", "h.npy", "x.npy")]
    subprocess.run([sys.executable, "-c", LOADS, *arguments], check=True, cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "h.npy"), expected, atol=1e-6)


MASKED = """
import sys
from pathlib import Path
import tensorflow as tf
from pipeline.cells.lstm import LSTMCell
from pipeline.layers.recurrent import Recurrent
layer = Recurrent(LSTMCell(2), return_sequences=True)
layer(tf.zeros((2, 4, 3)))
layer.compiled = True

@tf.function(autograph=False)
def gradients(lengths):
    with tf.GradientTape() as tape:
        read = layer(tf.ones((2, 4, 3)), mask=tf.sequence_mask(lengths, 4), training=True)
    return tape.gradient(read, layer.trainable_variables)

for longest in (1, 2, 3, 4):
    gradients(tf.constant([1, longest]))
    print(len(list(Path(sys.argv[1]).glob("*.before_optimizations.txt"))))
"""


def test_a_loop_is_compiled_once_whatever_the_mask(tmp_path: Path) -> None:
    environment = os.environ | {"XLA_FLAGS": f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text"}
    command = [sys.executable, "-c", MASKED, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, env=environment, text=True)
    first, *others = map(int, done.stdout.split())
    assert first > 0 and set(others) == {first}
