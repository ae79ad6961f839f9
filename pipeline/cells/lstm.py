"""Long short-term memory (Hochreiter & Schmidhuber 1997; the forget gate is of Gers et al. 2000).

    i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)      input gate: how much of the new is written
    f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)      forget gate: how much of the old is kept
    g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)         candidate: what would be written
    o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)      output gate: how much of the memory is shown
    c_t = f_t * c_{t-1} + i_t * g_t
    h_t = o_t * tanh(c_t)

`kernel` holds W_i, W_f, W_g, W_o side by side, in Keras's order; `recurrent_kernel` U and `bias` b likewise. The
memory c passes from step to step through a product and a sum only: with f near 1 nothing fades. Therefore b_f
starts at 1 (Jozefowicz et al. 2015).
"""

from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.cells import Cell


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

    blocks: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        i = g = o = ops.zeros((self.units,), dtype)
        f = ops.ones((self.units,), dtype)
        return ops.concatenate([i, f, g, o])

    def gates(self, inputs: Any, states: list[Any]) -> dict[str, Any]:
        h, _ = states
        i, f, g, o = ops.split(inputs @ self.kernel + h @ self.recurrent_kernel + self.bias, 4, axis=-1)
        return {"input": ops.sigmoid(i), "forget": ops.sigmoid(f), "candidate": ops.tanh(g), "output": ops.sigmoid(o)}

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        _, c = states
        i, f, g, o = self.gates(inputs, states).values()
        c = f * c + i * g
        h = o * ops.tanh(c)
        return h, [h, c]
