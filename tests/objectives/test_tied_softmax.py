"""The sampled softmax equals the full one where each piece is sampled once; its gradients are those of its loss."""

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


def predictions(embeddings: tf.Tensor, states: tf.Tensor) -> Predictions:
    rng = np.random.default_rng(1)
    softmax = TiedSoftmax(np.full(VOCABULARY, 1 / VOCABULARY), UNITS, WIDTH)
    pieces = tf.constant(rng.integers(0, VOCABULARY, (2, 5)), tf.int32)
    mask = tf.constant([[True] * 5, [True, False, False, False, False]])
    return Predictions(softmax, states, pieces, tf.gather(embeddings, pieces), mask)


def test_all_pieces_sampled_once_give_the_full_softmax() -> None:
    rng = np.random.default_rng(2)
    embeddings = tf.constant(rng.normal(size=(VOCABULARY, WIDTH)), tf.float32)
    batch = predictions(embeddings, tf.constant(rng.normal(size=(2, 5, UNITS)), tf.float32))
    packed = batch.pack()
    assert float(tf.reduce_sum(packed.weights)) == 6
    batch.softmax.bias.assign(rng.normal(size=VOCABULARY))
    bias = tf.convert_to_tensor(batch.softmax.bias.value)
    every = tf.range(VOCABULARY)
    # Each piece is sampled once, so its expected count is 1; a target is left out of its own negatives.
    sampled = sampled_softmax_loss(batch, Negatives(every, embeddings, tf.zeros(VOCABULARY)), compiled=False)
    full, correct = full_softmax_loss(packed, embeddings, bias)
    np.testing.assert_allclose(sampled, full / 6, rtol=1e-5)

    logits = tf.boolean_mask(batch.states, batch.mask).numpy() @ batch.softmax.projection.numpy() @ embeddings.numpy().T
    log_p = tf.nn.log_softmax(logits + bias).numpy()
    pieces = tf.boolean_mask(batch.targets, batch.mask).numpy()
    np.testing.assert_allclose(full, -log_p[np.arange(6), pieces].sum(), rtol=1e-5)
    assert float(correct) == (log_p.argmax(axis=1) == pieces).sum()


def test_gradients_agree_with_finite_differences() -> None:
    rng = np.random.default_rng(3)
    embeddings = tf.Variable(rng.normal(size=(VOCABULARY, WIDTH)), dtype=tf.float32)
    states = tf.Variable(rng.normal(size=(2, 5, UNITS)), dtype=tf.float32)
    softmax = TiedSoftmax(np.full(VOCABULARY, 1 / VOCABULARY), UNITS, WIDTH)

    def loss() -> tf.Tensor:
        batch = predictions(embeddings, states)._replace(softmax=softmax)
        sampled = tf.constant([1, 4, 4, 7])
        return sampled_softmax_loss(
            batch, Negatives(sampled, tf.gather(embeddings, sampled), tf.zeros(VOCABULARY)), compiled=False
        )

    with tf.GradientTape() as tape:
        value = loss()
    weights = [states, embeddings, softmax.projection.value, softmax.bias.value]
    gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(value, weights)]
    for weight, gradient in zip(weights, gradients, strict=True):
        direction, initial = rng.normal(size=weight.shape) * 1e-2, weight.numpy()
        losses = []
        for sign in (1, -1):
            weight.assign(initial + sign * direction)
            losses.append(float(loss()))
        weight.assign(initial)
        np.testing.assert_allclose((losses[0] - losses[1]) / 2, (gradient * direction).sum(), rtol=2e-2, atol=1e-5)
