"""Adversarial training: learn each batch as it is, and again with its embeddings moved to where the loss is higher.

    v = embeddings of a review's pieces,  g = gradient of its loss with respect to v
    perturbation = epsilon |v| g / |g|,  the norms over the whole review; taken as a constant
    loss = (L(v) + L(v + perturbation)) / 2

Predictions then change little between words whose embeddings are close, and accidents of rare words count for less.
Source: Miyato et al. 2017, "Adversarial training methods for semi-supervised text classification". They normalise the
embeddings; here the perturbation is relative to their length.
"""

from typing import Any

import keras
import tensorflow as tf

from pipeline.text.vocabulary import PADDING


class Adversarial(keras.Model):
    """A classifier during adversarial training. It has the classifier's weights and no others, and predicts the same.

    Args:
        network: a model of `build_classifier`.
        epsilon: length of the perturbation, as a fraction of the length of a review's embeddings.
    """

    def __init__(self, network: keras.Model, epsilon: float) -> None:
        super().__init__()
        self.network = network
        self.epsilon = epsilon

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.network(ids, training=training)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        """Learn from ids [batch, time] and labels [batch]; return the metrics of the reviews without perturbation."""
        ids, labels = batch
        embedding = self.network.get_layer("embedding")
        logits_from_embeddings = self.network.get_layer("logits_from_embeddings")
        table = embedding.embeddings
        others = [weight for weight in self.trainable_variables if weight is not table]
        vectors, mask = embedding(ids), ids != PADDING

        def forward_and_backward(vectors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                logits = logits_from_embeddings([vectors, mask], training=True)
                loss = self.compute_loss(y=labels, y_pred=logits)
            return logits, loss, tape.gradient(loss, [vectors, *(weight.value for weight in others)])

        logits, loss, clean = forward_and_backward(vectors)
        perturbation = adversarial_perturbation(vectors, mask, clean[0], self.epsilon)
        _, _, perturbed = forward_and_backward(vectors + perturbation)
        vectors_gradient, *gradients = ((one + other) / 2 for one, other in zip(clean, perturbed, strict=True))
        rows = tf.reshape(vectors_gradient, (-1, table.shape[1]))
        table_gradient = tf.IndexedSlices(rows, tf.reshape(ids, [-1]), table.shape)
        self.optimizer.apply([table_gradient, *gradients], [table, *others])
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=tf.shape(ids)[0])  # as Keras weighs it
            else:
                metric.update_state(labels, logits)
        return {metric.name: metric.result() for metric in self.metrics}


def adversarial_perturbation(vectors: tf.Tensor, mask: tf.Tensor, gradient: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Return the perturbation of each review: along its gradient, `epsilon` times as long as its vectors.

    Shapes:
        vectors, gradient [batch, time, width], mask [batch, time] -> [batch, time, width]. Padding has no gradient.

    >>> vectors, gradient = tf.constant([[[3.0, 4.0], [9.0, 9.0]]]), tf.constant([[[0.0, 7.0], [0.0, 0.0]]])
    >>> adversarial_perturbation(vectors, tf.constant([[True, False]]), gradient, 0.5).numpy().tolist()
    [[[0.0, 2.5], [0.0, 0.0]]]
    """
    length = tf.norm(vectors * tf.cast(mask, vectors.dtype)[:, :, None], axis=(1, 2), keepdims=True)
    return epsilon * length * tf.math.divide_no_nan(gradient, tf.norm(gradient, axis=(1, 2), keepdims=True))
