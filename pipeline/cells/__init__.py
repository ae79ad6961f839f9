"""Recurrent cells, one a file: `cells/lstm.py` holds `LSTMCell`, and `CELL=lstm` selects it.

A cell is one time step. It is a Keras layer that obeys the contract of `keras.layers.RNN`: `call(inputs, states)`
returns the output and the new states, and `state_size`, `output_size` and `get_initial_state` say their shapes.
Beyond that contract it has `gates(inputs, states)`, which returns the step's gates by name, for those who want to
look inside; `call` computes the step from the same function.
"""

import importlib
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.errors import UserError


def cell_class(name: str) -> type[keras.layers.Layer]:
    """The one cell class that `cells/<name>.py` defines; loading it also lets Keras read models that hold it.

    Raises:
        UserError: if there is no such file.
    """
    try:
        module = importlib.import_module(f"pipeline.cells.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"pipeline.cells.{name}":
            raise
        raise UserError(f"train.cell: {name!r}: there is no pipeline/cells/{name}.py") from None
    classes = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
    (cell,) = [c for c in classes if issubclass(c, keras.layers.Layer)]
    return cell


class Cell(keras.layers.Layer):
    """Base of the recurrent cells.

    A subclass says how many blocks of `units` its weights hold (`blocks`) and how many states it carries
    (`states`), and defines `call` and, where it has gates, `gates`.

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

    def gates(self, inputs: Any, states: list[Any]) -> dict[str, Any]:
        """The gates of a step by name, each [batch, units]; none where nothing decides what is kept."""
        return {}

    def get_initial_state(self, batch_size: int) -> list[Any]:
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(self.states)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
