"""The loop of a cell over a sequence, forward and back.

TensorFlow can differentiate a loop by itself; it then forms the gradient of every weight anew at every step and adds
them up. Here backpropagation through time is written out (Werbos 1990): the way back carries the gradients of the
states alone and keeps that of each recurrent product, a_t = h_t U with vectors as rows; the gradient of U is then one
product over all steps, sum_t h_t^T da_t. What a step does elsewhere TensorFlow differentiates, step by step, so that a
cell need say nothing about gradients.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from pipeline.layers.cell import Cell
from pipeline.layers.xla import jit

Tensors = list[tf.Tensor]


class SequenceInputs(NamedTuple):
    """What a loop reads. "Step" counts in the order of reading: step 0 is the last piece for one that reads backwards.

    Shapes:
        x: the projected inputs [batch, time, width]. mask: [batch, step] bool, or None. dropout: what h is multiplied
        by before each recurrent product [batch, units], or None.
    """

    x: tf.Tensor
    mask: tf.Tensor | None
    dropout: tf.Tensor | None
    backwards: bool

    def bounds(self) -> tuple[tf.Tensor, tf.Tensor]:
        """The first step that any row has, and the one after the last: padding beyond them costs nothing."""
        steps = tf.shape(self.x)[1]
        if self.mask is None:
            return tf.constant(0), steps
        any_row = tf.cast(tf.reduce_any(self.mask, axis=0), tf.int32)
        return tf.argmax(any_row, output_type=tf.int32), steps - tf.argmax(any_row[::-1], output_type=tf.int32)

    def turned(self, values: tf.Tensor) -> tf.Tensor:
        """Values [batch, time, ...] from the order of time to that of reading, or back."""
        return values[:, ::-1] if self.backwards else values

    def at(self, step: tf.Tensor) -> Tensors:
        """A step's x [batch, width] and mask [batch, 1], where there is one.

        Gathered: where a slice begins XLA would hold for a constant, and compile anew for each mask that moves it.
        """
        masks = [] if self.mask is None else [tf.gather(self.mask, step, axis=1)[:, None]]
        time = tf.shape(self.x)[1] - 1 - step if self.backwards else step
        return [tf.gather(self.x, time, axis=1), *masks]


class RecurrentProduct:
    """The U of a step: counts a_t = U h_t out, or, on the way back, takes each from what was counted out."""

    def __init__(self, cell: Cell, recurrent_kernel: tf.Tensor, dropout: tf.Tensor | None, known: Tensors | None):
        self.cell, self.recurrent_kernel, self.dropout, self.known = cell, recurrent_kernel, dropout, known
        self.blocks: list[slice] = []
        self.operands: Tensors = []
        self.products: Tensors = []
        self.gradients: dict[int, tf.Tensor] = {}

    def __call__(self, h: tf.Tensor, first: int = 0, last: int | None = None) -> tf.Tensor:
        number = len(self.blocks)
        kernel = self.cell.kernel_block(self.recurrent_kernel, first, last)
        self.blocks.append(self.cell.block_range(first, last))
        h = h if self.dropout is None else h * self.dropout
        self.operands.append(h)
        if self.known is None:
            self.products.append(tf.matmul(h, kernel))
            return self.products[-1]
        known = self.known[number]

        @tf.custom_gradient
        def replayed(h: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                self.gradients[number] = upstream
                return tf.matmul(upstream, kernel, transpose_b=True)

            return tf.identity(known), gradient

        return replayed(h)


class StepGradients(NamedTuple):
    """What backpropagation through one step gives: gradients, and the operands of the step's recurrent products."""

    d_x: tf.Tensor
    d_old: Tensors
    d_weights: list[tf.Tensor | None]  # None for one that the step uses by U alone, or not at all
    operands: Tensors
    d_products: Tensors
    blocks: list[slice]


class Loop:
    """The steps of a cell over a sequence.

    `weights` are the cell's, as tensors in the order of `cell.weights`: the cell computes with them as if they were
    its own, so that they can be cast, and be differentiated by.
    """

    def __init__(self, cell: Cell, sequence: SequenceInputs, weights: Tensors) -> None:
        self.cell, self.sequence, self.weights = cell, sequence, weights
        self.recurrent = [w.name for w in cell.weights].index("recurrent_kernel")

    def forward(self, states: Tensors, keep: Callable[..., Tensors]) -> tuple[Tensors, Tensors]:
        """Run over the sequence.

        Args:
            states: before the first step, each [batch, units].
            keep: given the states before a step, those after it, its gates and its products, what to keep of it.

        Returns:
            The states after the last step, and of all steps first the output, 0 where a row has no step, then what
            was kept, each [step, batch, ...].
        """

        def one(read: Tensors, states: Tensors) -> tuple[Tensors, Tensors]:
            x, *masks = read
            new, gates, U = self._step(x, states)
            output = new[0]
            for mask in masks:
                output = tf.where(mask, output, tf.zeros_like(output))
                new = [tf.where(mask, n, s) for n, s in zip(new, states, strict=True)]
            return new, [output, *keep(states, new, gates, U.products)]

        first, stop = self.sequence.bounds()
        return self._rounds(one, states, self.sequence.at, first, stop, 1)

    def backward(
        self, old: Tensors, products: Tensors, d_outputs: tf.Tensor, d_states: Tensors
    ) -> tuple[tf.Tensor, Tensors, list[tf.Tensor | None]]:
        """Backpropagate through time.

        Args:
            old: the states before each step, each [step, batch, units].
            products: of each step, each [step, batch, ...].
            d_outputs: the gradient of each step's output [step, batch, units].
            d_states: the gradients of the states after the last step, each [batch, units].

        Returns:
            The gradients of the projected inputs [step, batch, width], of the states before the first step, and of
            the weights; of `kernel` and `bias` only as far as the step itself uses them.
        """
        first, stop = self.sequence.bounds()

        def read(step: tf.Tensor) -> list[Any]:
            return [
                self.sequence.at(step),
                *([tf.gather(t, step) for t in kept] for kept in (old, products)),
                tf.gather(d_outputs, step),
            ]

        def one(read: list[Any], carried: tuple[Tensors, Tensors]) -> tuple[tuple[Tensors, Tensors], Tensors]:
            d_states, d_weights = carried
            back = self._step_back(read, d_states)
            d_weights = [d + back.d_weights[i] for i, d in zip(used, d_weights, strict=True)]
            return (back.d_old, d_weights), [back.d_x, *back.operands, *back.d_products]

        example = self._step_back(read(first), d_states)  # never run: it tells what there will be
        used = [i for i, d in enumerate(example.d_weights) if d is not None]
        start = (d_states, [tf.zeros_like(self.weights[i]) for i in used])
        (d_states, d_used), (d_x, *taken) = self._rounds(one, start, read, stop - 1, first - 1, -1)

        d_weights: dict[int, tf.Tensor] = dict(zip(used, d_used, strict=True))
        operands, d_products = taken[: len(example.operands)], taken[len(example.operands) :]
        d_recurrent = map(self._over_all_steps, operands, d_products, example.blocks)
        d_weights[self.recurrent] = sum(d_recurrent, tf.zeros_like(self.weights[self.recurrent]))
        return d_x, d_states, [d_weights.get(i) for i in range(len(self.weights))]

    def _step(
        self, x: tf.Tensor, states: Tensors, known: Tensors | None = None
    ) -> tuple[Tensors, dict[str, tf.Tensor], RecurrentProduct]:
        U = RecurrentProduct(self.cell, self.weights[self.recurrent], self.sequence.dropout, known)
        with keras.StatelessScope(state_mapping=list(zip(self.cell.weights, self.weights, strict=True))):
            return *self.cell.step(x, states, U), U

    def _step_back(self, read: list[Any], d_states: Tensors) -> StepGradients:
        (x, *masks), states, products, d_output = read
        d_new = [d_states[0] + d_output, *d_states[1:]]
        for mask in masks:
            d_new = [tf.where(mask, d, tf.zeros_like(d)) for d in d_new]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x, states, self.weights])
            new, _, U = self._step(x, states, products)
        d_x, d_old, d_weights = tape.gradient(new, [x, states, self.weights], d_new)
        for mask in masks:  # where a row has no step, the gradient passes by as the state did
            d_old = [tf.where(mask, o, d) for o, d in zip(d_old, d_states, strict=True)]
        return StepGradients(
            d_x, d_old, d_weights, U.operands, [U.gradients[i] for i in range(len(U.blocks))], U.blocks
        )

    def _over_all_steps(self, h: tf.Tensor, d_product: tf.Tensor, block: slice) -> tf.Tensor:
        """The gradient of U: sum_t h_t^T da_t in its columns `block`, 0 in the others, [units, blocks * units]."""
        rows = [tf.reshape(t, (-1, t.shape[-1])) for t in (h, d_product)]
        width = self.weights[self.recurrent].shape[-1]
        return tf.pad(tf.matmul(*rows, transpose_a=True), [[0, 0], [block.start, width - block.stop]])

    def _rounds(
        self, one: Callable[..., Any], carried: Any, read: Callable[..., Any], start: Any, end: Any, direction: int
    ) -> tuple[Any, Tensors]:
        """`one(read(step), carried)` for each step from start up or down to end: what is carried, what was kept."""
        size = tf.shape(self.sequence.x)[1]
        # What a step reads is taken out of the arrays a step ahead: within a step, XLA would take out each number
        # anew at each use, one by one.
        ahead = read(start)
        example = one(ahead, carried)[1]  # never run: it tells what there will be
        names = [id(value) for value in example]  # the gradients of two summands are one tensor: kept once
        arrays = {
            name: tf.TensorArray(value.dtype, size, element_shape=value.shape)
            for name, value in zip(names, example, strict=True)
        }

        def body(step: tf.Tensor, ahead: Any, carried: Any, arrays: Any) -> Any:
            carried, kept = one(ahead, carried)
            values = dict(zip(names, kept, strict=True))
            arrays = {name: array.write(step, values[name]) for name, array in arrays.items()}
            step += direction
            return step, read(tf.clip_by_value(step, 0, size - 1)), carried, arrays

        loop = (start, ahead, carried, arrays)
        *_, carried, arrays = tf.while_loop(lambda step, *_: tf.not_equal(step, end), body, loop)
        stacks = {name: array.stack() for name, array in arrays.items()}
        return carried, [stacks[name] for name in names]


SequenceFn = Callable[[SequenceInputs, Tensors, Tensors], tuple[tf.Tensor, Tensors]]


def inference_fn(cell: Cell, compiled: bool) -> SequenceFn:
    """A function that runs a cell over a sequence, from states, with weights.

    Args:
        compiled: by XLA, once for each shape of sequence.

    Returns:
        Its outputs in the order of reading [batch, step, units], and the states after the last step.
    """
    forward = jit(lambda sequence, states, weights: Loop(cell, sequence, weights).forward(states, _nothing), compiled)

    def run(sequence: SequenceInputs, states: Tensors, weights: Tensors) -> tuple[tf.Tensor, Tensors]:
        last, (outputs,) = forward(sequence, states, weights)
        return tf.transpose(outputs, [1, 0, 2]), last

    return run


def training_fn(cell: Cell, compiled: bool) -> SequenceFn:
    """As `inference_fn`, for training: what backpropagation through time will need is kept on the way."""
    forward = jit(lambda sequence, states, weights: Loop(cell, sequence, weights).forward(states, _kept), compiled)
    backward = jit(lambda sequence, weights, *rest: Loop(cell, sequence, weights).backward(*rest), compiled)

    def run(sequence: SequenceInputs, states: Tensors, weights: Tensors) -> tuple[tf.Tensor, Tensors]:
        @tf.custom_gradient
        def steps(x: tf.Tensor, states: Tensors, weights: Tensors) -> Any:
            last, (outputs, *kept) = forward(sequence._replace(x=x), states, weights)
            old, products = kept[: len(states)], kept[len(states) :]

            def gradient(d_outputs: tf.Tensor, *d_last: tf.Tensor) -> Any:
                d_outputs = tf.transpose(d_outputs, [1, 0, 2])
                d_x, *others = backward(sequence._replace(x=x), weights, old, products, d_outputs, list(d_last))
                return sequence.turned(tf.transpose(d_x, [1, 0, 2])), *others

            return (tf.transpose(outputs, [1, 0, 2]), *last), gradient

        outputs, *last = steps(sequence.x, states, weights)
        return outputs, last

    return run


def _nothing(old: Tensors, new: Tensors, gates: dict[str, tf.Tensor], products: Tensors) -> Tensors:
    return []


def _kept(old: Tensors, new: Tensors, gates: dict[str, tf.Tensor], products: Tensors) -> Tensors:
    return [*old, *products]
