"""Long short-term memory (Hochreiter & Schmidhuber 1997; the forget gate is of Gers et al. 2000).

    i_t = sigmoid(W_i x_t + b_i + U_i h_{t-1})      input gate: how much of the new is written
    f_t = sigmoid(W_f x_t + b_f + U_f h_{t-1})      forget gate: how much of the old is kept
    g_t = tanh(W_g x_t + b_g + U_g h_{t-1})         candidate: what would be written
    o_t = sigmoid(W_o x_t + b_o + U_o h_{t-1})      output gate: how much of the memory is shown
    c_t = f_t * c_{t-1} + i_t * g_t
    h_t = o_t * tanh(c_t)

`kernel` holds W_i, W_f, W_g, W_o side by side, in Keras's order; `recurrent_kernel` U and `bias` b likewise. The
memory c passes from step to step through a product and a sum only: with f near 1 nothing fades.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.layers.cell import Cell, sigmoid


@keras.saving.register_keras_serializable("maekrak")
class LSTMCell(Cell):
    """One step of the LSTM.

    Shapes:
        inputs [batch, inputs], states h and c [batch, units] -> output h [batch, units], states h and c.

    >>> from keras import ops
    >>> cell = LSTMCell(2)
    >>> h, [h, c] = cell(ops.ones((1, 3)), [ops.zeros((1, 2)), ops.zeros((1, 2))])
    >>> tuple(c.shape)
    (1, 2)
    """

    blocks: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output")
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        h, c = states
        i, f, g, o = ops.split(x + U(h), 4, axis=-1)
        i, f, g, o = sigmoid(i), sigmoid(f), ops.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * ops.tanh(c)
        return [h, c], {"input": i, "forget": f, "candidate": g, "output": o}
