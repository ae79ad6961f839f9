"""minLSTM (Feng et al. 2024, "Were RNNs all we needed?"): an LSTM whose gates and candidate don't see the state.

    i'_t = sigmoid(W_i x_t + b_i)
    f'_t = sigmoid(W_f x_t + b_f)
    i_t = i'_t / (f'_t + i'_t)                      input gate
    f_t = f'_t / (f'_t + i'_t)                      forget gate
    g_t = W_g x_t + b_g                             candidate
    h_t = f_t * h_{t-1} + i_t * g_t

The gates share one whole between them, so that the scale of h doesn't grow with the length of the text. `kernel`
holds W_i, W_f, W_g side by side, `bias` b likewise. All gates are known before the first step, and h_t is linear in
h_{t-1}: the whole sequence is one parallel scan.
"""

from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.layers.cell import LinearRecurrenceCell, sigmoid


@keras.saving.register_keras_serializable("maekrak")
class MinLSTMCell(LinearRecurrenceCell):
    """One step of the minLSTM.

    Shapes:
        inputs [batch, inputs], states h [batch, units] -> output h [batch, units], states h.

    >>> from keras import ops
    >>> cell = MinLSTMCell(2)
    >>> h, [h] = cell(ops.ones((1, 3)), [ops.zeros((1, 2))])
    >>> tuple(cell.kernel.shape)
    (3, 6)
    """

    blocks: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate")

    def coefficients(self, x: Any) -> tuple[Any, Any, dict[str, Any]]:
        i, f, g = ops.split(x, 3, axis=-1)
        f = sigmoid(ops.log_sigmoid(f) - ops.log_sigmoid(i))  # f' / (f' + i'), where both may be too small to divide
        i = 1 - f
        return f, i * g, {"input": i, "forget": f, "candidate": g}
