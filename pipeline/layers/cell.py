"""The base classes of recurrent cells: one time step, split into input projection and recurrence."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import ops

from pipeline.layers.xla import TRACING_FOR_XLA


def sigmoid(x: Any) -> Any:
    """Return the logistic function 1 / (1 + exp(-x)). For XLA it is (1 + tanh(x / 2)) / 2, twice as fast there.

    >>> from keras import ops
    >>> [round(float(p), 4) for p in sigmoid(ops.array([-100.0, 0.0, 1.0]))]
    [0.0, 0.5, 0.7311]
    """
    return 0.5 * ops.tanh(0.5 * x) + 0.5 if TRACING_FOR_XLA.get() else ops.sigmoid(x)


class Cell(keras.layers.Layer):
    """The base of the recurrent cells.

    A subclass names the blocks of `units` columns that its weights hold side by side (`blocks`) and the states it
    carries (`states`, the output h first), and defines `step`.

    Args:
        units: the width of each state and of the output.
        kwargs: what every Keras layer takes.

    Weights:
        kernel: W, [inputs, blocks * units]; recurrent_kernel: U, [units, blocks * units]; bias: b, [blocks * units],
        1 in a block named "forget", so that a cell starts out remembering (Jozefowicz et al. 2015), else 0. Vectors
        are columns in the equations and rows in the code, so that the kernels are W and U transposed.
    """

    blocks: ClassVar[tuple[str, ...]] = ("state",)
    states: ClassVar[tuple[str, ...]] = ("h",)
    has_recurrent_kernel: ClassVar[bool] = True

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units] * len(self.states) if len(self.states) > 1 else units
        self.output_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        width = len(self.blocks) * self.units
        self.kernel = self.add_weight((input_shape[-1], width), initializer="glorot_uniform", name="kernel")
        if self.has_recurrent_kernel:
            shape = (self.units, width)
            self.recurrent_kernel = self.add_weight(shape, initializer="orthogonal", name="recurrent_kernel")
        self.bias = self.add_weight((width,), initializer=self._initial_bias, name="bias")

    def _initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return ops.repeat(ops.cast([block == "forget" for block in self.blocks], dtype), self.units)

    def project(self, inputs: Any) -> Any:
        """Compute W x + b: inputs [rows, inputs] -> [rows, blocks * units]. A row is any step of any sequence."""
        return tf.nn.bias_add(inputs @ self.kernel, self.bias)  # its gradient is twice as fast as that of "+"

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        """Take one time step.

        Args:
            x: what `project` made of the step's input, [batch, blocks * units].
            states: those before the step, each [batch, units].
            U: `U(h)` is the product of h [batch, units] with `recurrent_kernel`, `U(h, first, last)` that with its
                blocks first to last alone, without `last`. Only through it may a step use `recurrent_kernel`: so the
                layer can drop units of h, and form the gradient of all steps at once.

        Returns:
            The new states, the output first, and the gates by name, each [batch, units].
        """
        raise NotImplementedError

    def recurrent_product(self, h: Any, first: int = 0, last: int | None = None) -> Any:
        """Multiply by U, as the `U` of a step that stands alone: h [batch, units] -> [batch, blocks * units]."""
        return h @ self.kernel_block(self.recurrent_kernel, first, last)

    def kernel_block(self, recurrent_kernel: Any, first: int = 0, last: int | None = None) -> Any:
        """Return blocks first to last, without `last`, of a recurrent kernel [units, blocks * units]; default all."""
        return recurrent_kernel if (first, last) == (0, None) else recurrent_kernel[:, self.block_range(first, last)]

    def block_range(self, first: int, last: int | None) -> slice:
        """Return the columns of blocks first to last, without `last`; None is the end."""
        return slice(first * self.units, (len(self.blocks) if last is None else last) * self.units)

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Take one time step as `keras.layers.RNN` asks for it: give the output, and the new states.

        Shapes:
            inputs [batch, inputs], states each [batch, units] -> output [batch, units], states each [batch, units].
        """
        states, _ = self.step(self.project(inputs), states, self.recurrent_product)
        return states[0], states

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """Return states of zeros, each [batch, units]."""
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in self.states]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class LinearRecurrenceCell(Cell):
    """The base of the cells whose gates don't see the state: h_t = a_t * h_{t-1} + b_t.

    A subclass defines `coefficients` instead of `step`. The layer needs no loop over time then: a parallel scan gives
    all h_t. There is no U, thus no `recurrent_kernel`.
    """

    has_recurrent_kernel: ClassVar[bool] = False

    def coefficients(self, x: Any) -> tuple[Any, Any, dict[str, Any]]:
        """Return a and b, and the gates by name, of what `project` made of any number of steps.

        Shapes:
            x [..., blocks * units] -> each [..., units].
        """
        raise NotImplementedError

    def step(self, x: Any, states: list[Any], U: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        (h,) = states
        a, b, gates = self.coefficients(x)
        return [a * h + b], gates
