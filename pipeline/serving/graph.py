"""The graph that export saves: raw texts in, probabilities out."""

import keras
import tensorflow as tf

from pipeline.text.batching import encode, pad
from pipeline.text.tokenizer import Tokenizer


class Serving(tf.Module):
    """Raw texts in, probabilities out: the tokenizer and the classifier in one graph.

    Args:
        max_length: pieces of a text that are read, counted from its end.
    """

    def __init__(self, tokenizer: Tokenizer, model: keras.Model, max_length: int) -> None:
        super().__init__()
        self.tokenizer, self.model, self.max_length = tokenizer, model, max_length
        self.op = tokenizer.op  # a SavedModel holds what is an attribute of its module

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = pad(encode(self.tokenizer, text, self.max_length))
        return {"positive": tf.sigmoid(self.model(ids, training=False)[:, 0])}
