"""LSTM with layer normalisation in the recurrence (Ba et al. 2016, "Layer normalization", equations 20 to 22).

    LN(v) = (v - mean(v)) / sqrt(variance(v) + 0.001)       over the entries of each row v
    i_t, f_t, g_t, o_t = alpha_x * LN(W x_t) + b + alpha_h * LN(U h_{t-1})
    c_t = sigmoid(f_t) * c_{t-1} + sigmoid(i_t) * tanh(g_t)
    h_t = sigmoid(o_t) * tanh(alpha_c * LN(c_t) + beta_c)

However large W x or U h grow, the gates see the same spread. LN is over all four blocks at once; the paper's shifts
of both LNs only add up with b, so b stands for all three. `gain_x`, `gain_h`, `gain_c` hold the alphas, `shift_c`
beta_c.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.layers.cell import Cell, sigmoid

VARIANCE_FLOOR = 1e-3  # Keras's own, and far from what float16 can't tell from 0


def normalized(v: Any) -> Any:
    """Return LN(v): the rows v [rows, width], each with mean 0 and variance 1."""
    v = v - ops.mean(v, axis=-1, keepdims=True)
    return v * ops.rsqrt(ops.mean(ops.square(v), axis=-1, keepdims=True) + VARIANCE_FLOOR)


@keras.saving.register_keras_serializable("maekrak")
class LayerNormLSTMCell(Cell):
    """One step of the layer-normalised LSTM.

    Shapes:
        inputs [batch, inputs], states h and c [batch, units] -> output h [batch, units], states h and c.

    >>> from keras import ops
    >>> cell = LayerNormLSTMCell(2)
    >>> h, [h, c] = cell(ops.ones((1, 3)), [ops.zeros((1, 2)), ops.zeros((1, 2))])
    >>> sorted(w.name for w in cell.weights)
    ['bias', 'gain_c', 'gain_h', 'gain_x', 'kernel', 'recurrent_kernel', 'shift_c']
    """

    blocks: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output")
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.gain_x = self.add_weight((4 * self.units,), initializer="ones", name="gain_x")
        self.gain_h = self.add_weight((4 * self.units,), initializer="ones", name="gain_h")
        self.gain_c = self.add_weight((self.units,), initializer="ones", name="gain_c")
        self.shift_c = self.add_weight((self.units,), initializer="zeros", name="shift_c")

    def project(self, inputs: Any) -> Any:
        return inputs @ self.kernel  # its normalisation is cheaper within the step, where it is in the cache

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        h, c = states
        x = self.gain_x * normalized(x) + self.bias
        i, f, g, o = ops.split(x + self.gain_h * normalized(U(h)), 4, axis=-1)
        i, f, g, o = sigmoid(i), sigmoid(f), ops.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * ops.tanh(self.gain_c * normalized(c) + self.shift_c)
        return [h, c], {"input": i, "forget": f, "candidate": g, "output": o}
