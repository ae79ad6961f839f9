"""The LSTM of an exported graph: one operation of TensorFlow reads a whole sequence, in place of a loop of small ones.

The loop is what training needs, and what other cells have. In a graph that only answers, most of the time of a single
text goes into starting each of its operations, some thirty a step: as one, a text takes little more than half of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from pipeline.cells.lstm import LSTMCell
from pipeline.layers.loop import Tensors
from pipeline.layers.recurrent import Bidirectional, Recurrent
from pipeline.model.encoder import all_layers


class FusedLSTM:
    """A model's LSTM layers, to be read by one operation each. Layers of other cells stay as they are.

    Attributes:
        kernels: of each layer, W above U. A module that is saved must hold them.
    """

    def __init__(self, model: keras.Model) -> None:
        self.layers = [layer for layer in _directions(model) if type(layer.cell) is LSTMCell]
        cells = [layer.cell for layer in self.layers]
        self.kernels = [tf.Variable(tf.concat([cell.kernel, cell.recurrent_kernel], 0)) for cell in cells]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the layers read so inside the block; what is traced there goes on to."""
        for layer, kernels in zip(self.layers, self.kernels, strict=True):
            layer.inner_loop = _inner_loop(layer, kernels)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for layer in self.layers:
                del layer.inner_loop


def _directions(model: keras.Model) -> Iterator[Recurrent]:
    for layer in all_layers(model):
        if isinstance(layer, Bidirectional):
            yield from (layer.forward_layer, layer.backward_layer)
        elif isinstance(layer, Recurrent):
            yield layer


def _inner_loop(layer: Recurrent, kernels: tf.Variable) -> Any:
    """Return what stands in for `Recurrent.inner_loop`: the same arguments and results, for sequences padded at the
    end."""

    def inner_loop(sequences: tf.Tensor, initial_state: Tensors, mask: tf.Tensor, training: bool = False) -> Any:
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        outputs = read(layer, kernels, sequences, lengths)
        outputs = tf.where(mask[:, :, None], outputs, tf.zeros_like(outputs))
        outputs = tf.reverse(outputs, [1]) if layer.go_backwards else outputs  # in the order of reading
        return outputs[:, -1], outputs, initial_state

    return inner_loop


def read(layer: Recurrent, kernels: tf.Variable, sequences: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Return the output at each step, in the order of time; after a sequence's end it means nothing.

    Shapes:
        kernels [inputs + units, 4 * units], sequences [batch, time, inputs], lengths [batch] -> [batch, time, units].
    """
    units = layer.cell.units

    def turned(values: tf.Tensor) -> tf.Tensor:
        return tf.reverse_sequence(values, lengths, seq_axis=1) if layer.go_backwards else values

    by_time = tf.transpose(turned(sequences), [1, 0, 2])
    zeros, unused = tf.zeros([tf.shape(sequences)[0], units]), tf.zeros([units])
    outputs = tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.shape(by_time, tf.int64)[0],
        x=by_time,
        cs_prev=zeros,
        h_prev=zeros,
        w=kernels,
        wci=unused,
        wcf=unused,
        wco=unused,
        b=layer.cell.bias.value,
    ).h
    return turned(tf.transpose(outputs, [1, 0, 2]))
