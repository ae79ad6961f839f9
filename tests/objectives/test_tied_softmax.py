"""The sampled softmax is the whole one where all pieces are drawn; its gradients are those of its loss."""

import numpy as np
import tensorflow as tf

from pipeline.objectives.tied_softmax import (
    Negatives,
    Predictions,
    TiedSoftmax,
    full_softmax_loss,
    sampled_softmax_loss,
)

VOCABULARY, WIDTH, UNITS = 11, 3, 4


def predictions(vectors: tf.Tensor, states: tf.Tensor) -> Predictions:
    chance = np.random.default_rng(1)
    softmax = TiedSoftmax(np.full(VOCABULARY, 1 / VOCABULARY), UNITS, WIDTH)
    pieces = tf.constant(chance.integers(0, VOCABULARY, (2, 5)), tf.int32)
    mask = tf.constant([[True] * 5, [True, False, False, False, False]])
    return Predictions(softmax, states, pieces, tf.gather(vectors, pieces), mask)


def test_all_pieces_drawn_once_give_the_whole_softmax() -> None:
    chance = np.random.default_rng(2)
    vectors = tf.constant(chance.normal(size=(VOCABULARY, WIDTH)), tf.float32)
    made = predictions(vectors, tf.constant(chance.normal(size=(2, 5, UNITS)), tf.float32))
    rows = made.pack()
    assert float(tf.reduce_sum(rows.weights)) == 6
    made.softmax.bias.assign(chance.normal(size=VOCABULARY))
    bias = tf.convert_to_tensor(made.softmax.bias.value)
    every = tf.range(VOCABULARY)
    # Drawn once each, the expected number of each is 1; the piece itself, drawn too, counts but once.
    sampled = sampled_softmax_loss(made, Negatives(every, vectors, tf.zeros(VOCABULARY)), compiled=False)
    whole, right = full_softmax_loss(rows, vectors, bias)
    np.testing.assert_allclose(sampled, whole / 6, rtol=1e-5)

    logits = tf.boolean_mask(made.states, made.mask).numpy() @ made.softmax.projection.numpy() @ vectors.numpy().T
    log_p = tf.nn.log_softmax(logits + bias).numpy()
    pieces = tf.boolean_mask(made.pieces, made.mask).numpy()
    np.testing.assert_allclose(whole, -log_p[np.arange(6), pieces].sum(), rtol=1e-5)
    assert float(right) == (log_p.argmax(axis=1) == pieces).sum()


def test_gradients_reach_all_that_is_learnt() -> None:
    chance = np.random.default_rng(3)
    vectors = tf.Variable(chance.normal(size=(VOCABULARY, WIDTH)), dtype=tf.float32)
    states = tf.Variable(chance.normal(size=(2, 5, UNITS)), dtype=tf.float32)
    softmax = TiedSoftmax(np.full(VOCABULARY, 1 / VOCABULARY), UNITS, WIDTH)

    def loss() -> tf.Tensor:
        made = predictions(vectors, states)._replace(softmax=softmax)
        drawn = tf.constant([1, 4, 4, 7])
        return sampled_softmax_loss(
            made, Negatives(drawn, tf.gather(vectors, drawn), tf.zeros(VOCABULARY)), compiled=False
        )

    with tf.GradientTape() as tape:
        value = loss()
    weights = [states, vectors, softmax.projection.value, softmax.bias.value]
    gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(value, weights)]
    for weight, gradient in zip(weights, gradients, strict=True):
        nudge, kept = chance.normal(size=weight.shape) * 1e-2, weight.numpy()
        ends = []
        for sign in (1, -1):
            weight.assign(kept + sign * nudge)
            ends.append(float(loss()))
        weight.assign(kept)
        np.testing.assert_allclose((ends[0] - ends[1]) / 2, (gradient * nudge).sum(), rtol=2e-2, atol=1e-5)
