"""Gated recurrent unit (Cho et al. 2014).

    z_t = sigmoid(W_z x_t + b_z + U_z h_{t-1} + d_z)            update gate: how much of the old is kept
    r_t = sigmoid(W_r x_t + b_r + U_r h_{t-1} + d_r)            reset gate: how much of the old the candidate sees
    g_t = tanh(W_g x_t + b_g + r_t * (U_g h_{t-1} + d_g))       candidate, reset after the product
    g_t = tanh(W_g x_t + b_g + U_g (r_t * h_{t-1}) + d_g)       candidate, reset before it
    h_t = z_t * h_{t-1} + (1 - z_t) * g_t

Reset after the product is what cuDNN and Keras do: one product a step instead of two. Reset before it is the paper's.
`kernel` holds W_z, W_r, W_g side by side, in Keras's order; `recurrent_kernel` U, `bias` b and `recurrent_bias` d
likewise (Keras keeps b and d as the two rows of one `bias`, and has no d where it resets before).
"""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.layers.cell import Cell, sigmoid


@keras.saving.register_keras_serializable("maekrak")
class GRUCell(Cell):
    """One step of the GRU.

    Shapes:
        inputs [batch, inputs], states h [batch, units] -> output h [batch, units], states h.

    >>> from keras import ops
    >>> cell = GRUCell(2, reset_after=False)
    >>> h, [h] = cell(ops.ones((1, 3)), [ops.zeros((1, 2))])
    >>> tuple(h.shape)
    (1, 2)
    """

    blocks: ClassVar[tuple[str, ...]] = ("update", "reset", "candidate")

    def __init__(self, units: int, reset_after: bool = True, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.reset_after = reset_after

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.recurrent_bias = self.add_weight((3 * self.units,), initializer="zeros", name="recurrent_bias")

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        (h,) = states
        x_z, x_r, x_g = ops.split(x, 3, axis=-1)
        d_z, d_r, d_g = ops.split(self.recurrent_bias, 3)
        if self.reset_after:
            u_z, u_r, u_g = ops.split(U(h), 3, axis=-1)
        else:
            u_z, u_r = ops.split(U(h, 0, 2), 2, axis=-1)
        z, r = sigmoid(x_z + u_z + d_z), sigmoid(x_r + u_r + d_r)
        g = ops.tanh(x_g + (r * (u_g + d_g) if self.reset_after else U(r * h, 2, 3) + d_g))
        h = z * h + (1 - z) * g
        return [h], {"update": z, "reset": r, "candidate": g}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reset_after": self.reset_after}
