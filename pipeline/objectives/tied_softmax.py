"""The softmax over all pieces, tied to the embedding: full for evaluation, sampled for training.

In training the full softmax would take most of a step's time: its logits are [rows, vocabulary].
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from pipeline.layers.xla import jit

BLOCK_ROWS = 512  # rows of logits that are computed at once: few shapes for XLA, and logits of tens of megabytes
NEG_INF = -1e9  # the logit of a piece that must not be chosen


class TiedSoftmax(keras.layers.Layer):
    """Predict a piece from a state, with the embedding as output weights (Inan et al. 2017, Press & Wolf 2017).

        log p(piece i | state s) = (P s) . e_i + b_i - log sum_j exp((P s) . e_j + b_j)

    In training the sum runs over the target and a few negatives, sampled once for the whole batch. Each logit is
    corrected by the logarithm of how many times its piece is expected among the negatives (Jean et al. 2015).

    Args:
        unigram_probabilities: relative frequency of each piece [vocabulary]. b starts at their logarithms, so that the
            state need only explain what differs from them.
        units: size of a state.
        width: size of the embedding.

    Weights:
        projection: P transposed, [units, width]; bias: b, [vocabulary].

    Shapes:
        states [..., units] -> P s [..., width].
    """

    def __init__(self, unigram_probabilities: np.ndarray, units: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log_unigram_probabilities = np.log(unigram_probabilities).astype("float32")
        # Made here rather than at the first call: the optimizer lists all weights before that.
        self.projection = self.add_weight((units, width), initializer="glorot_uniform", name="projection")
        self.bias = self.add_weight(self.log_unigram_probabilities.shape, initializer=self._initial_bias, name="bias")

    def _initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return ops.cast(self.log_unigram_probabilities, dtype)

    def call(self, states: tf.Tensor) -> tf.Tensor:
        return states @ self.projection

    def log_probabilities(self, states: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Return log p of each piece [rows, vocabulary]: states [rows, units], embeddings [vocabulary, width]."""
        return tf.nn.log_softmax(tf.matmul(self(states), embeddings, transpose_b=True) + self.bias)


class Predictions(NamedTuple):
    """The states of one batch and the pieces that one softmax is to predict from them.

    Shapes:
        states [batch, steps, units]; targets [batch, steps] int32 and their embeddings [batch, steps, width]; mask
        [batch, steps], False where there is nothing to predict.
    """

    softmax: TiedSoftmax
    states: tf.Tensor
    targets: tf.Tensor
    target_embeddings: tf.Tensor
    mask: tf.Tensor

    def pack(self) -> "PackedTargets":
        """Gather the positions under the mask into rows, with rows of weight 0 to a multiple of `BLOCK_ROWS`."""
        positions = tf.where(tf.reshape(self.mask, [-1]))[:, 0]
        count = tf.size(positions)
        rows = tf.maximum(-(-count // BLOCK_ROWS), 1) * BLOCK_ROWS
        positions = tf.pad(positions, [[0, rows - count]])

        def gathered(values: tf.Tensor) -> tf.Tensor:
            return tf.gather(tf.reshape(values, (-1, *values.shape[2:])), positions)

        return PackedTargets(
            queries=self.softmax(gathered(self.states)),
            targets=gathered(self.targets),
            target_embeddings=gathered(self.target_embeddings),
            weights=tf.cast(tf.range(rows) < count, tf.float32),
        )


class PackedTargets(NamedTuple):
    """Targets as rows: P s [rows, width], pieces [rows], their embeddings [rows, width], weights, 1 or 0 [rows]."""

    queries: tf.Tensor
    targets: tf.Tensor
    target_embeddings: tf.Tensor
    weights: tf.Tensor


class Negatives(NamedTuple):
    """Sampled pieces [negatives], their embeddings [negatives, width], and for every piece of the vocabulary the
    logarithm of how many times it is expected among them [vocabulary]."""

    pieces: tf.Tensor
    embeddings: tf.Tensor
    log_expected: tf.Tensor


def sampled_softmax_loss(predictions: Predictions, negatives: Negatives, compiled: bool) -> tf.Tensor:
    """Return the mean of -log p over all targets, with p from the sampled softmax.

    Args:
        compiled: by XLA, once for each number of rows.
    """
    packed = predictions.pack()
    offsets = tf.convert_to_tensor(predictions.softmax.bias.value) - negatives.log_expected
    loss_and_gradients = jit(_loss_and_gradients, compiled)

    # Loss and gradients in one call: the logits, by far the largest tensor, need not be kept for a backward pass.
    @tf.custom_gradient
    def loss(*operands: tf.Tensor) -> Any:
        value, gradients = loss_and_gradients(operands, packed.targets, negatives.pieces, packed.weights)
        return value, lambda upstream: [upstream * gradient for gradient in gradients]

    target_offsets, negative_offsets = tf.gather(offsets, packed.targets), tf.gather(offsets, negatives.pieces)
    return loss(packed.queries, packed.target_embeddings, target_offsets, negatives.embeddings, negative_offsets)


def _loss_and_gradients(
    operands: tuple[tf.Tensor, ...], targets: tf.Tensor, negatives: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(operands)
        queries, target_embeddings, target_offsets, negative_embeddings, negative_offsets = operands
        target_logits = tf.reduce_sum(queries * target_embeddings, axis=-1) + target_offsets
        negative_logits = tf.matmul(queries, negative_embeddings, transpose_b=True) + negative_offsets
        # A target that was also sampled must not compete with itself.
        negative_logits = tf.where(targets[:, None] == negatives, NEG_INF, negative_logits)
        losses = tf.nn.softplus(tf.reduce_logsumexp(negative_logits, axis=-1) - target_logits)
        loss = tf.reduce_sum(weights * losses) / tf.maximum(tf.reduce_sum(weights), 1)
    return loss, tape.gradient(loss, operands)


def full_softmax_loss(packed: PackedTargets, embeddings: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the sum of -log p over the rows, with p from the full softmax, and how many targets are the likeliest.

    Args:
        embeddings: of all pieces [vocabulary, width].
        bias: [vocabulary].
    """
    logits = tf.matmul(packed.queries, embeddings, transpose_b=True) + bias
    target_logits = tf.gather(logits, packed.targets, batch_dims=1)
    losses = tf.reduce_logsumexp(logits, axis=-1) - target_logits
    correct = tf.cast(target_logits >= tf.reduce_max(logits, axis=-1), tf.float32)
    return tf.reduce_sum(packed.weights * losses), tf.reduce_sum(packed.weights * correct)
