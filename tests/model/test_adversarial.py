"""Adversarial training: no perturbation is plain training; one raises the loss; the classifier learns by it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.schema import Config
from pipeline.model.adversarial import Adversarial, adversarial_perturbation
from pipeline.model.classifier import build_classifier

IDS = np.array([[3, 1, 4, 1], [2, 7, 0, 0]], np.int32)
LABELS = np.array([1.0, 0.0], np.float32)


@pytest.fixture
def network(config: Config) -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_classifier(config.train.model_copy(update={"dropout": 0.0}), vocab_size=8)


@pytest.fixture
def plain(network: keras.Model) -> keras.Model:
    """The same network, with weights of its own."""
    twin = keras.models.clone_model(network)
    twin.set_weights(network.get_weights())
    return twin


def learn_once(model: keras.Model) -> dict[str, float]:
    accuracy = keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True), metrics=[accuracy])
    return {name: values[0] for name, values in model.fit(IDS, LABELS, batch_size=2, verbose=0).history.items()}


def test_without_a_perturbation_it_is_plain_training(network: keras.Model, plain: keras.Model) -> None:
    measured = learn_once(Adversarial(network, 0.0))
    assert measured == pytest.approx(learn_once(plain))
    for own, other in zip(network.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, atol=1e-6)


def test_a_perturbation_raises_the_loss_and_is_of_that_length(network: keras.Model) -> None:
    vectors, mask = network.get_layer("embedding")(IDS), tf.constant(IDS != 0)
    logits_from_embeddings, losses = network.get_layer("logits_from_embeddings"), []
    gradient = tf.zeros_like(vectors)
    for epsilon in (0.0, 0.1):
        perturbed = vectors + adversarial_perturbation(vectors, mask, gradient, epsilon)
        with tf.GradientTape() as tape:
            tape.watch(perturbed)
            logits = logits_from_embeddings([perturbed, mask], training=True)
            losses.append(keras.losses.binary_crossentropy(LABELS[:, None], logits, from_logits=True))
        gradient = tape.gradient(losses[-1], perturbed)
    assert np.all(losses[1] > losses[0])
    for row, count in enumerate((4, 2)):
        perturbation, whole = (perturbed - vectors)[row], vectors[row, :count]
        assert float(tf.norm(perturbation)) == pytest.approx(0.1 * float(tf.norm(whole)), rel=1e-4)
        assert not np.any(perturbation[count:])


def test_it_learns_other_weights_than_plain_training(network: keras.Model, plain: keras.Model) -> None:
    learn_once(Adversarial(network, 0.5))
    learn_once(plain)
    assert any(not np.allclose(a, b) for a, b in zip(network.get_weights(), plain.get_weights(), strict=True))
