"""The softmax over all pieces: whole for measuring, sampled for training, where the whole one would cost too much."""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from pipeline.layers.xla import jit

ROWS = 512  # states that the softmax is taken of at once: few shapes for XLA, and logits of tens of megabytes
NEG_INF = -1e9  # the logit of a piece that is out of the question


class TiedSoftmax(keras.layers.Layer):
    """Says how likely each piece is after a state, and reads what pieces are from the embedding itself
    (Inan et al. 2017, Press & Wolf 2017).

        log p(piece i | state s) = (P s) . e_i + b_i - log sum_j exp((P s) . e_j + b_j)

    In training the sum is over the piece that stands there and a few drawn by chance, the same for the whole batch,
    each logit less the logarithm of how often the chance draws it (Jean et al. 2015).

    Args:
        shares: how often each piece comes, of all pieces [vocabulary]. b starts out as their logarithms: what is left
            to learn is what the state says.
        units: of a state. width: of the embedding.

    Weights:
        projection: P transposed, [units, width]; bias: b, [vocabulary].

    Shapes:
        states [..., units] -> P s [..., width].
    """

    def __init__(self, unigram_probabilities: np.ndarray, units: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log_unigram_probabilities = np.log(unigram_probabilities).astype("float32")
        # Made at once, not at the first call: what is learnt is listed before that.
        self.projection = self.add_weight((units, width), initializer="glorot_uniform", name="projection")
        self.bias = self.add_weight(self.log_unigram_probabilities.shape, initializer=self._initial_bias, name="bias")

    def _initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return ops.cast(self.log_unigram_probabilities, dtype)

    def call(self, states: tf.Tensor) -> tf.Tensor:
        return states @ self.projection

    def log_probabilities(self, states: tf.Tensor, vectors: tf.Tensor) -> tf.Tensor:
        """log p of each piece [rows, vocabulary]: states [rows, units], vectors of all pieces [vocabulary, width]."""
        return tf.nn.log_softmax(tf.matmul(self(states), vectors, transpose_b=True) + self.bias)


class Predictions(NamedTuple):
    """What is predicted in a batch in one direction.

    Shapes:
        states before each piece [batch, steps, units], the pieces that then stand there [batch, steps] int32 and their
        vectors [batch, steps, width], and where there are any: mask [batch, steps].
    """

    softmax: TiedSoftmax
    states: tf.Tensor
    pieces: tf.Tensor
    vectors: tf.Tensor
    mask: tf.Tensor

    def pack(self) -> "PackedTargets":
        """Those that there are, one below the other, with some of no weight to fill up the last `ROWS`."""
        where = tf.where(tf.reshape(self.mask, [-1]))[:, 0]
        count = tf.size(where)
        size = tf.maximum(-(-count // ROWS), 1) * ROWS
        where = tf.pad(where, [[0, size - count]])

        def gathered(values: tf.Tensor) -> tf.Tensor:
            return tf.gather(tf.reshape(values, (-1, *values.shape[2:])), where)

        weights = tf.cast(tf.range(size) < count, tf.float32)
        return PackedTargets(
            self.softmax(gathered(self.states)), gathered(self.pieces), gathered(self.vectors), weights
        )


class PackedTargets(NamedTuple):
    """P s [rows, width], the pieces [rows], their vectors [rows, width], and their weights, 1 or 0 [rows]."""

    queries: tf.Tensor
    pieces: tf.Tensor
    vectors: tf.Tensor
    weights: tf.Tensor


class Negatives(NamedTuple):
    """Pieces drawn by chance [negatives], their vectors [negatives, width], and how often each piece of all is drawn,
    as a logarithm [vocabulary]."""

    pieces: tf.Tensor
    vectors: tf.Tensor
    log_expected: tf.Tensor


def sampled_softmax_loss(predictions: Predictions, negatives: Negatives, compiled: bool) -> tf.Tensor:
    """The mean of -log p over what is predicted, p by the sampled softmax.

    Args:
        compiled: by XLA, once for each number of rows.
    """
    rows = predictions.pack()
    offsets = tf.convert_to_tensor(predictions.softmax.bias.value) - negatives.log_expected
    read = jit(_loss_and_gradients, compiled)

    # Loss and gradients in one go: the logits, most of the numbers there are, never leave the cache for a way back.
    @tf.custom_gradient
    def loss(*operands: tf.Tensor) -> Any:
        value, gradients = read(operands, rows.pieces, negatives.pieces, rows.weights)
        return value, lambda upstream: [upstream * gradient for gradient in gradients]

    own, others = tf.gather(offsets, rows.pieces), tf.gather(offsets, negatives.pieces)
    return loss(rows.queries, rows.vectors, own, negatives.vectors, others)


def _loss_and_gradients(
    operands: tuple[tf.Tensor, ...], pieces: tf.Tensor, negatives: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(operands)
        queries, vectors, own_offset, other_vectors, other_offset = operands
        own = tf.reduce_sum(queries * vectors, axis=-1) + own_offset
        others = tf.matmul(queries, other_vectors, transpose_b=True) + other_offset
        # A piece is not told from itself, where it was drawn too.
        others = tf.where(pieces[:, None] == negatives, NEG_INF, others)
        losses = tf.nn.softplus(tf.reduce_logsumexp(others, axis=-1) - own)
        loss = tf.reduce_sum(weights * losses) / tf.maximum(tf.reduce_sum(weights), 1)
    return loss, tape.gradient(loss, operands)


def full_softmax_loss(rows: PackedTargets, vectors: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The sum of -log p over rows, p by the whole softmax, and in how many of them the piece is the likeliest.

    Args:
        vectors: of all pieces [vocabulary, width].
        bias: [vocabulary].
    """
    logits = tf.matmul(rows.queries, vectors, transpose_b=True) + bias
    own = tf.gather(logits, rows.pieces, batch_dims=1)
    losses = tf.reduce_logsumexp(logits, axis=-1) - own
    right = tf.cast(own >= tf.reduce_max(logits, axis=-1), tf.float32)
    return tf.reduce_sum(rows.weights * losses), tf.reduce_sum(rows.weights * right)
