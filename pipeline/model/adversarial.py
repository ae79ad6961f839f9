"""Adversarial training: a network also learns each batch with its embeddings pushed to where it errs most.

    v = what the embedding gives for a review's pieces,  g = gradient of its loss to v
    v' = v + share |v| g / |g|,  the norms over the whole review
    loss = (L(v) + L(v')) / 2,  the push v' - v taken as a constant

What a network says then changes little where words are nearly alike, and what chance tells it of rare words counts for
less. Source: Miyato et al. 2017, "Adversarial training methods for semi-supervised text classification"; they normalise
the embeddings, while here the push goes by their length.
"""

from typing import Any

import keras
import tensorflow as tf

from pipeline.model.classifier import logits_from_embeddings
from pipeline.text.vocabulary import PADDING


class Adversarial(keras.Model):
    """A classifier while it learns; it has no weights but the classifier's, and says what that says.

    Args:
        network: as `build` makes it.
        share: of the length of a review's vectors, by which they are pushed.
    """

    def __init__(self, network: keras.Model, epsilon: float) -> None:
        super().__init__()
        self.network = network
        self.epsilon = epsilon

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.network(ids, training=training)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        """Learn from ids [batch, time] and labels [batch]; what is measured is of the reviews as they are."""
        ids, labels = batch
        embedding = self.network.get_layer("embedding")
        table = embedding.embeddings
        others = [weight for weight in self.trainable_variables if weight is not table]
        vectors, mask = embedding(ids), ids != PADDING

        def read(vectors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                logits = logits_from_embeddings(self.network, vectors, mask, training=True)
                loss = self.compute_loss(y=labels, y_pred=logits)
            return logits, loss, tape.gradient(loss, [vectors, *(weight.value for weight in others)])

        logits, loss, gradients = read(vectors)
        _, _, of_pushed = read(vectors + adversarial_perturbation(vectors, mask, gradients[0], self.epsilon))
        of_vectors, *of_others = ((one + other) / 2 for one, other in zip(gradients, of_pushed, strict=True))
        of_table = tf.IndexedSlices(tf.reshape(of_vectors, (-1, table.shape[1])), tf.reshape(ids, [-1]), table.shape)
        self.optimizer.apply([of_table, *of_others], [table, *others])
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=tf.shape(ids)[0])  # as Keras weighs it
            else:
                metric.update_state(labels, logits)
        return {metric.name: metric.result() for metric in self.metrics}


def adversarial_perturbation(vectors: tf.Tensor, mask: tf.Tensor, gradient: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Along each review's gradient, by a share of the length of its vectors.

    Shapes:
        vectors, gradient [batch, time, width], mask [batch, time] -> [batch, time, width]. Padding has no gradient.

    >>> vectors, gradient = tf.constant([[[3.0, 4.0], [9.0, 9.0]]]), tf.constant([[[0.0, 7.0], [0.0, 0.0]]])
    >>> adversarial_perturbation(vectors, tf.constant([[True, False]]), gradient, 0.5).numpy().tolist()
    [[[0.0, 2.5], [0.0, 0.0]]]
    """
    length = tf.norm(vectors * tf.cast(mask, vectors.dtype)[:, :, None], axis=(1, 2), keepdims=True)
    return epsilon * length * tf.math.divide_no_nan(gradient, tf.norm(gradient, axis=(1, 2), keepdims=True))
