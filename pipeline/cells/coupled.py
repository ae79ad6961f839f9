"""LSTM with coupled gates: what is written takes the place of what is forgotten, i = 1 - f
(CIFG in Greff et al. 2017, "LSTM: a search space odyssey").

    f_t = sigmoid(W_f x_t + b_f + U_f h_{t-1})
    g_t = tanh(W_g x_t + b_g + U_g h_{t-1})
    o_t = sigmoid(W_o x_t + b_o + U_o h_{t-1})
    c_t = f_t * c_{t-1} + (1 - f_t) * g_t
    h_t = o_t * tanh(c_t)

`kernel` holds W_f, W_g, W_o side by side, `recurrent_kernel` U and `bias` b likewise: three quarters of the LSTM's
weights.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.layers.cell import Cell, sigmoid


@keras.saving.register_keras_serializable("maekrak")
class CoupledCell(Cell):
    """One step of the coupled LSTM.

    Shapes:
        inputs [batch, inputs], states h and c [batch, units] -> output h [batch, units], states h and c.

    >>> from keras import ops
    >>> cell = CoupledCell(2)
    >>> h, [h, c] = cell(ops.ones((1, 3)), [ops.zeros((1, 2)), ops.zeros((1, 2))])
    >>> tuple(cell.kernel.shape)
    (3, 6)
    """

    blocks: ClassVar[tuple[str, ...]] = ("forget", "candidate", "output")
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        h, c = states
        f, g, o = ops.split(x + U(h), 3, axis=-1)
        f, g, o = sigmoid(f), ops.tanh(g), sigmoid(o)
        c = f * c + (1 - f) * g
        h = o * ops.tanh(c)
        return [h, c], {"forget": f, "candidate": g, "output": o}
