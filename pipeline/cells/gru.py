"""Gated recurrent unit (Cho et al. 2014), with the reset gate after the product (as cuDNN and Keras have it).

    z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z + d_z)            update gate: how much of the old is kept
    r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r + d_r)            reset gate: how much of the old the candidate sees
    g_t = tanh(W_g x_t + b_g + r_t * (U_g h_{t-1} + d_g))       candidate
    h_t = z_t * h_{t-1} + (1 - z_t) * g_t

`kernel` holds W_z, W_r, W_g side by side, in Keras's order; `recurrent_kernel` U, `bias` b and `recurrent_bias` d
likewise (Keras keeps b and d as the two rows of one `bias`).
"""

from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.cells import Cell


@keras.saving.register_keras_serializable("maekrak")
class GRUCell(Cell):
    """One step of the GRU.

    Shapes:
        inputs [batch, inputs], states h [batch, units] -> output h [batch, units], states h.

    >>> from keras import ops
    >>> cell = GRUCell(2)
    >>> h, [h] = cell(ops.ones((1, 3)), [ops.zeros((1, 2))])
    >>> tuple(h.shape)
    (1, 2)
    """

    blocks: ClassVar[int] = 3

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.recurrent_bias = self.add_weight((3 * self.units,), initializer="zeros", name="recurrent_bias")

    def gates(self, inputs: Any, states: list[Any]) -> dict[str, Any]:
        (h,) = states
        z, r, g = ops.split(inputs @ self.kernel + self.bias, 3, axis=-1)
        u_z, u_r, u_g = ops.split(h @ self.recurrent_kernel + self.recurrent_bias, 3, axis=-1)
        r = ops.sigmoid(r + u_r)
        return {"update": ops.sigmoid(z + u_z), "reset": r, "candidate": ops.tanh(g + r * u_g)}

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        (h,) = states
        z, _, g = self.gates(inputs, states).values()
        h = z * h + (1 - z) * g
        return h, [h]
