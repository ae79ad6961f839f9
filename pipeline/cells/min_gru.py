"""minGRU (Feng et al. 2024, "Were RNNs all we needed?"): a GRU whose gate and candidate don't see the state.

    z_t = sigmoid(W_z x_t + b_z)                    update gate: how much of the new is taken
    g_t = W_g x_t + b_g                             candidate
    h_t = (1 - z_t) * h_{t-1} + z_t * g_t

`kernel` holds W_z and W_g side by side, `bias` b likewise. All z and g are known before the first step, and h_t is
linear in h_{t-1}: the whole sequence is one parallel scan. (In the paper z is the share of the new; in `gru`, as in
Keras, that of the old.)
"""

from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.layers.cell import LinearRecurrenceCell, sigmoid


@keras.saving.register_keras_serializable("maekrak")
class MinGRUCell(LinearRecurrenceCell):
    """One step of the minGRU.

    Shapes:
        inputs [batch, inputs], states h [batch, units] -> output h [batch, units], states h.

    >>> from keras import ops
    >>> cell = MinGRUCell(2)
    >>> h, [h] = cell(ops.ones((1, 3)), [ops.zeros((1, 2))])
    >>> sorted(w.name for w in cell.weights)
    ['bias', 'kernel']
    """

    blocks: ClassVar[tuple[str, ...]] = ("update", "candidate")

    def coefficients(self, x: Any) -> tuple[Any, Any, dict[str, Any]]:
        z, g = ops.split(x, 2, axis=-1)
        z = sigmoid(z)
        return 1 - z, z * g, {"update": z, "candidate": g}
