"""The graph that export saves: raw texts in, probabilities out."""

import keras
import tensorflow as tf

from pipeline.serving.fused import FusedLSTM
from pipeline.text.batching import encode, pad
from pipeline.text.tokenizer import Tokenizer


class Serving(tf.Module):
    """Raw texts in, probabilities out: the tokenizer and the classifier in one graph.

    Args:
        max_length: pieces of a text that are read, counted from its end.
    """

    def __init__(self, tokenizer: Tokenizer, model: keras.Model, max_length: int) -> None:
        super().__init__()
        self.tokenizer, self.max_length = tokenizer, max_length
        self.op = tokenizer.op  # a SavedModel holds what is an attribute of its module
        fused = FusedLSTM(model)
        self.weights = [*plain_weights(model), *fused.kernels]

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32, name="ids")], autograph=False)
        def predict_logits(ids: tf.Tensor) -> tf.Tensor:
            with fused.in_place():
                return model(ids, training=False)[:, 0]

        self.predict_logits = predict_logits  # one function for all signatures: the graph holds the model once

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = pad(encode(self.tokenizer, text, self.max_length))
        return {"positive": tf.sigmoid(self.predict_logits(ids))}


def plain_weights(model: keras.Model) -> list[tf.Variable]:
    """Return a model's weights as TensorFlow has them, for the module that is saved to hold in place of the model.

    Of a Keras variable that it holds, Keras 3.15 saves a copy besides. It is the copy that tensorflow/serving restores
    from the checkpoint, and the other that the signatures read: there they find no weights. The optimizer, which a
    model holds too, has no place there anyway.
    """
    return [weight.value for weight in model.weights]
