"""Predict logits and probabilities of reviews."""

import keras
import numpy as np
import tensorflow as tf

from pipeline.text.batching import batches_in_order


def predict_proba(model: keras.Model, ids: tf.RaggedTensor, max_tokens_per_batch: int = 8192) -> np.ndarray:
    """Return the probability of the positive class for each review: ids [reviews, (pieces)] -> float32 [reviews]."""
    return tf.sigmoid(predict_logits(model, ids, max_tokens_per_batch)[:, 0]).numpy()


def predict_logits(model: keras.Model, ids: tf.RaggedTensor, max_tokens_per_batch: int = 8192) -> np.ndarray:
    """Return a model's outputs for each review: ids [reviews, (pieces)] -> float32 [reviews, outputs]."""
    logits = np.zeros((ids.nrows(), *model.output_shape[1:]), np.float32)
    # One graph for a model, whatever the shapes of its batches. Left to relax the shapes of those it has met,
    # TensorFlow would take a batch of one review for all that there is.
    graph = _forward.get_concrete_function(model, tf.TensorSpec((None, None), tf.int32))
    for rows, batch in batches_in_order(ids, max_tokens_per_batch):
        logits[rows] = graph(batch)
    return logits


@tf.function
def _forward(model: keras.Model, batch: tf.Tensor) -> tf.Tensor:
    return model(batch, training=False)
