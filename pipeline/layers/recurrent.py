"""The layer that runs a cell over sequences."""

import os
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from pipeline.layers.cell import Cell, LinearRecurrenceCell
from pipeline.layers.loop import Loop, SequenceInputs, Step, Tensors, inference_fn, training_fn, weights_in_place
from pipeline.layers.scan import scan
from pipeline.layers.xla import jit
from pipeline.support.errors import UserError

ROW_SHARDS = min(4, os.cpu_count() or 1)  # loops side by side: more of them than cores only wait for one another


@keras.saving.register_keras_serializable("maekrak")
class Recurrent(keras.layers.RNN):
    """The layer that runs a cell over sequences: Keras's RNN around a loop of our own.

    Different from Keras's, a masked step always gives a zero output. Where `training` is True, gradients are computed
    by `loop.py`, else by TensorFlow: the same, but slow. The layer is fast for four reasons.
    - What doesn't depend on the state is one product for all steps, before the loop; the gradient of each weight is
      one product, after it.
    - The rows of a batch don't depend on one another: each processor core loops over its shard of them.
    - Steps that no row has are never run.
    - Where `compiled` is set, XLA makes the many passes over a step's numbers a few.

    Args:
        cell: a `Cell`; of a `LinearRecurrenceCell` all states come from one parallel scan.
        recurrent_dropout: fraction of the units of h that a recurrent product doesn't see in training, the same ones
            at every step of a sequence (Gal & Ghahramani 2016).
        kwargs: `return_sequences`, `return_state`, `go_backwards`, `stateful` and what every layer takes; `dtype` is
            the cell's unless given.

    Attributes:
        compiled: whether XLA compiles the loop, once for each shape of batch; False at first, and not saved.
        row_shards: number of loops that the rows of a batch are divided among.

    Shapes:
        sequences [batch, time, inputs], mask [batch, time] -> output [batch, time, units], or that of the last step
        [batch, units], and the states where asked for, each [batch, units].

    Raises:
        UserError: for recurrent dropout where there is no recurrent product.
        ValueError: for `unroll`, or a `dtype` that isn't the cell's.

    >>> from keras import ops
    >>> from pipeline.cells.lstm import LSTMCell
    >>> layer = Recurrent(LSTMCell(2), return_sequences=True)
    >>> tuple(layer(ops.ones((1, 5, 3))).shape)
    (1, 5, 2)
    >>> list(layer.trace(ops.ones((1, 5, 3))))
    ['h', 'c', 'input', 'forget', 'candidate', 'output']
    """

    def __init__(self, cell: Cell, recurrent_dropout: float = 0.0, **kwargs: Any) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = cell.dtype_policy
        super().__init__(cell, **kwargs)
        # Keras's RNN would compute in the cell's dtype and cast what comes out: less precise than it looks.
        if (self.compute_dtype, self.variable_dtype) != (cell.compute_dtype, cell.variable_dtype):
            names = f"{self.dtype_policy.name!r}, but its {type(cell).__name__} has {cell.dtype_policy.name!r}"
            raise ValueError(f"Recurrent: dtype {names}; allowed: one for both, or none for Recurrent")
        if recurrent_dropout and isinstance(cell, LinearRecurrenceCell):
            raise UserError(f"train.recurrent_dropout: {type(cell).__name__} has no recurrent product; allowed: 0")
        if self.unroll:
            raise ValueError("unroll: Recurrent always loops; allowed: False")
        self.recurrent_dropout = recurrent_dropout
        self.seed_generator = keras.random.SeedGenerator() if recurrent_dropout else None
        self.compiled = False
        self.row_shards = ROW_SHARDS

    def inner_loop(
        self, sequences: tf.Tensor, initial_state: Tensors, mask: tf.Tensor | None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
        """Return what `keras.layers.RNN.call` asks for: the last output, all outputs, the last states.

        Shapes:
            sequences [batch, time, inputs], mask [batch, time] in the order of time, initial_state each [batch, units]
            -> [batch, units], [batch, time, units] in the order of reading, each [batch, units].
        """
        sequence = self._sequence(sequences, mask)
        compiled = self.compiled and not tf.executing_eagerly()
        if isinstance(self.cell, LinearRecurrenceCell):
            outputs, states = self._sharded(jit(self._scanned, compiled), sequence, initial_state)
        else:
            if self.seed_generator and training:
                units = tf.ones_like(initial_state[0])
                dropout = keras.random.dropout(units, self.recurrent_dropout, seed=self.seed_generator)
                sequence = sequence._replace(dropout=dropout)
            run, weights = (training_fn if training else inference_fn)(self.cell, compiled), self._weights()
            outputs, states = self._sharded(lambda shard, states: run(shard, states, weights), sequence, initial_state)
        outputs.set_shape((*sequences.shape[:2], self.cell.units))  # as far as known: the loop has forgotten it
        return states[0], outputs, states

    def trace(
        self, sequences: tf.Tensor, mask: tf.Tensor | None = None, initial_state: Tensors | None = None
    ) -> dict[str, tf.Tensor]:
        """Return every state and gate after every step, by name, each [batch, time, units], in the order of time.

        At a step that a row doesn't have, its states are those before it, and its gates mean nothing.

        Shapes:
            sequences [batch, time, inputs], mask [batch, time], initial_state each [batch, units].
        """
        weights = self._weights()
        with weights_in_place(self.cell, weights):
            sequence = self._sequence(tf.cast(sequences, self.compute_dtype), mask)
            states = initial_state or self.get_initial_state(tf.shape(sequences)[0])
            if isinstance(self.cell, LinearRecurrenceCell):
                _, _, gates = self.cell.coefficients(sequence.x)
                return {"h": sequence.reversed_in_time(self._all_states(sequence, states)), **gates}
        names = list(self.cell.states)

        def states_and_gates(step: Step) -> Tensors:
            names[len(step.after) :] = step.gates
            return [*step.after, *step.gates.values()]

        _, (_, *arrays) = Loop(self.cell, sequence, weights).forward(states, states_and_gates)
        in_time = [sequence.reversed_in_time(tf.transpose(array, [1, 0, 2])) for array in arrays]
        return dict(zip(names, in_time, strict=True))

    def _weights(self) -> Tensors:
        """Return the cell's weights as tensors, in the dtype that it computes in."""
        return [tf.cast(weight.value, self.compute_dtype) for weight in self.cell.weights]

    def _sequence(self, sequences: tf.Tensor, mask: tf.Tensor | None) -> SequenceInputs:
        """Project all steps' inputs at once, and turn the mask into the order of reading."""
        batch, time = tf.unstack(tf.shape(sequences)[:2])
        rows = self.cell.project(tf.reshape(sequences, (-1, sequences.shape[-1])))
        sequence = SequenceInputs(tf.reshape(rows, (batch, time, rows.shape[-1])), None, None, self.go_backwards)
        return sequence if mask is None else sequence._replace(mask=sequence.reversed_in_time(tf.cast(mask, tf.bool)))

    def _scanned(self, sequence: SequenceInputs, states: Tensors) -> tuple[tf.Tensor, Tensors]:
        """Return what a loop's `SequenceFn` returns, by a scan."""
        all_states = self._all_states(sequence, states)
        outputs = all_states
        if sequence.mask is not None:
            outputs = tf.where(sequence.mask[:, :, None], outputs, tf.zeros_like(outputs))
        return outputs, [all_states[:, -1]]

    def _all_states(self, sequence: SequenceInputs, states: Tensors) -> tf.Tensor:
        """Return the state after each step, by a scan, in the order of reading [batch, time, units]."""
        a, b, _ = self.cell.coefficients(sequence.reversed_in_time(sequence.x))
        if sequence.mask is not None:  # a step that a row doesn't have keeps its state
            mask = sequence.mask[:, :, None]
            a, b = tf.where(mask, a, tf.ones_like(a)), tf.where(mask, b, tf.zeros_like(b))
        return scan(a, b, states[0])

    def _sharded(
        self,
        run: Callable[[SequenceInputs, Tensors], tuple[tf.Tensor, Tensors]],
        sequence: SequenceInputs,
        states: Tensors,
    ) -> tuple[tf.Tensor, Tensors]:
        """Run each shard of the rows by itself, side by side."""

        def shards(rows: tf.Tensor | None) -> list[tf.Tensor | None]:
            if rows is None:
                return [None] * self.row_shards
            batch = tf.shape(rows)[0]
            return tf.split(rows, [(batch + n) // self.row_shards for n in range(self.row_shards)], num=self.row_shards)

        parts = [shards(part) for part in (sequence.x, sequence.mask, sequence.dropout, *states)]
        done = [
            run(SequenceInputs(x, mask, dropout, sequence.backwards), states)
            for x, mask, dropout, *states in zip(*parts, strict=True)
        ]
        outputs, last = zip(*done, strict=True)
        return tf.concat(outputs, 0), [tf.concat(state, 0) for state in zip(*last, strict=True)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "recurrent_dropout": self.recurrent_dropout}


@keras.saving.register_keras_serializable("maekrak")
class Bidirectional(keras.layers.Bidirectional):
    """Keras's Bidirectional around a `Recurrent`: its two directions run side by side and share the cores.

    >>> from keras import ops
    >>> from pipeline.cells.gru import GRUCell
    >>> tuple(Bidirectional(Recurrent(GRUCell(2)))(ops.ones((1, 5, 3))).shape)
    (1, 4)
    """

    def __init__(self, layer: Recurrent, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.set_on_both(row_shards=max(1, ROW_SHARDS // 2))

    def set_on_both(self, **attributes: Any) -> None:
        """Set attributes of both directions."""
        for direction in (self.forward_layer, self.backward_layer):
            for name, value in attributes.items():
                setattr(direction, name, value)


def forward_direction(layer: Recurrent | Bidirectional) -> Recurrent:
    """Return the direction of a layer that reads left to right: the layer itself, if there is no other."""
    return layer.forward_layer if isinstance(layer, Bidirectional) else layer
