"""The vanilla recurrent cell (Elman 1990, "Finding structure in time").

    h_t = activation(W x_t + b + U h_{t-1})

W is `kernel`, b `bias`, U `recurrent_kernel`. Its memory passes through U and the activation at every step:
|dh_t/dh_{t-1}| <= |U| for tanh and relu, a quarter of that for sigmoid. The product over many steps tends to nothing
where that is below 1, and with large states, where tanh is flat, also where it isn't; with a large U and small states,
or relu, it may explode.
"""

from collections.abc import Callable
from typing import Any

import keras

from pipeline.layers.cell import Cell
from pipeline.support.errors import UserError

ACTIVATIONS = ("tanh", "sigmoid", "relu")


@keras.saving.register_keras_serializable("maekrak")
class VanillaCell(Cell):
    """One step of the vanilla recurrent network.

    Shapes:
        inputs [batch, inputs], states h [batch, units] -> output h [batch, units], states h.

    Raises:
        UserError: for another activation than tanh, sigmoid or relu.

    >>> from keras import ops
    >>> cell = VanillaCell(2, activation="relu")
    >>> h, [h] = cell(ops.ones((1, 3)), [ops.zeros((1, 2))])
    >>> tuple(h.shape)
    (1, 2)
    """

    def __init__(self, units: int, activation: str = "tanh", **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        if activation not in ACTIVATIONS:
            raise UserError(f"train.cell_options: activation: {activation!r}: is one of {', '.join(ACTIVATIONS)}")
        self.activation = activation

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        (h,) = states
        h = keras.activations.get(self.activation)(x + U(h))
        return [h], {}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
