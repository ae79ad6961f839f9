"""The vanilla recurrent cell (Elman 1990, "Finding structure in time").

    h_t = activation(W x_t + U h_{t-1} + b)

W is `kernel`, U `recurrent_kernel`, b `bias`. Its memory passes through the activation at every step, so that what
was read long ago fades: |dh_t/dh_{t-1}| <= |U| for tanh, and the product over many steps tends to nothing (or,
for a large U and relu, to infinity).
"""

from typing import Any

import keras

from pipeline.cells import Cell


@keras.saving.register_keras_serializable("maekrak")
class VanillaCell(Cell):
    """One step of the vanilla recurrent network.

    Shapes:
        inputs [batch, inputs], states h [batch, units] -> output h [batch, units], states h.

    >>> from keras import ops
    >>> cell = VanillaCell(2)
    >>> h, [h] = cell(ops.ones((1, 3)), [ops.zeros((1, 2))])
    >>> tuple(h.shape)
    (1, 2)
    """

    def __init__(self, units: int, activation: str = "tanh", **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.activation = keras.activations.get(activation)

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        (h,) = states
        h = self.activation(inputs @ self.kernel + h @ self.recurrent_kernel + self.bias)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}
