"""LSTM with peepholes: its gates see the memory itself, not only what the output gate lets out of it
(Gers & Schmidhuber 2000, "Recurrent nets that time and count").

    i_t = sigmoid(W_i x_t + b_i + U_i h_{t-1} + p_i * c_{t-1})
    f_t = sigmoid(W_f x_t + b_f + U_f h_{t-1} + p_f * c_{t-1})
    g_t = tanh(W_g x_t + b_g + U_g h_{t-1})
    c_t = f_t * c_{t-1} + i_t * g_t
    o_t = sigmoid(W_o x_t + b_o + U_o h_{t-1} + p_o * c_t)
    h_t = o_t * tanh(c_t)

`kernel` holds W_i, W_f, W_g, W_o side by side, `recurrent_kernel` U and `bias` b likewise, `peephole` p_i, p_f, p_o.
With p = 0 it is the LSTM.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.layers.cell import Cell, sigmoid


@keras.saving.register_keras_serializable("maekrak")
class PeepholeCell(Cell):
    """One step of the peephole LSTM.

    Shapes:
        inputs [batch, inputs], states h and c [batch, units] -> output h [batch, units], states h and c.

    >>> from keras import ops
    >>> cell = PeepholeCell(2)
    >>> h, [h, c] = cell(ops.ones((1, 3)), [ops.zeros((1, 2)), ops.zeros((1, 2))])
    >>> [tuple(w.shape) for w in cell.weights if w.name == "peephole"]
    [(6,)]
    """

    blocks: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output")
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.peephole = self.add_weight((3 * self.units,), initializer="zeros", name="peephole")

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        h, c = states
        i, f, g, o = ops.split(x + U(h), 4, axis=-1)
        p_i, p_f, p_o = ops.split(self.peephole, 3)
        i, f, g = sigmoid(i + p_i * c), sigmoid(f + p_f * c), ops.tanh(g)
        c = f * c + i * g
        o = sigmoid(o + p_o * c)
        h = o * ops.tanh(c)
        return [h, c], {"input": i, "forget": f, "candidate": g, "output": o}
