"""What all cells share: three weights under Keras's names, one state or several of the same width."""

from typing import Any, ClassVar

import keras
from keras import ops


class Cell(keras.layers.Layer):
    """Base of the recurrent cells.

    A subclass says how many blocks of `units` its weights hold (`blocks`) and how many states it carries
    (`states`), and defines `gates` and `call`.

    Weights:
        kernel: [inputs, blocks * units], recurrent_kernel: [units, blocks * units], bias: [blocks * units].
    """

    blocks: ClassVar[int] = 1
    states: ClassVar[int] = 1

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units] * self.states if self.states > 1 else units
        self.output_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        width = self.blocks * self.units
        self.kernel = self.add_weight((input_shape[-1], width), initializer="glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, width), initializer="orthogonal", name="recurrent_kernel")
        self.bias = self.add_weight((width,), initializer=self.initial_bias, name="bias")

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Zeros; a cell whose gates should start elsewhere overrides this."""
        return ops.zeros(shape, dtype)

    def get_initial_state(self, batch_size: int) -> list[Any]:
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(self.states)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
