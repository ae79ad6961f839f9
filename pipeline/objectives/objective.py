"""The base of the pretraining objectives: the layers that train starts from."""

import keras
import numpy as np
import tensorflow as tf

from pipeline.config.schema import NetworkConfig
from pipeline.model.encoder import embedding, recurrent
from pipeline.objectives.tied_softmax import Predictions, TiedSoftmax

IDS = tf.TensorSpec((None, None), tf.int32)


class Objective(keras.Model):
    """Hold the classifier's embedding and recurrent layers. A subclass sets `softmaxes` and defines `predict_pieces`.

    Args:
        unigram_probabilities: relative frequency of each piece [vocabulary].
        dropout: fraction of the inputs and outputs of each recurrent layer that is dropped in training.
        return_state: whether the recurrent layers return their final states too.

    Attributes:
        softmaxes: by name, for example "forward".
    """

    softmaxes: dict[str, TiedSoftmax]

    def __init__(
        self, network: NetworkConfig, unigram_probabilities: np.ndarray, dropout: float, return_state: bool = False
    ) -> None:
        super().__init__()
        self.vocabulary = len(unigram_probabilities)
        self.embedding = embedding(network, len(unigram_probabilities))
        self.stack = [recurrent(network, depth, return_state=return_state) for depth in range(len(network.units))]
        self.dropout = keras.layers.Dropout(dropout)

    def predict_pieces(self, ids: tf.Tensor, training: bool = False) -> dict[str, Predictions]:
        """Return states and targets for each softmax, by its name: ids [batch, time] int32."""
        raise NotImplementedError

    def extra_metrics(self, ids: tf.RaggedTensor) -> dict[str, float]:
        """Return metrics on dev beyond those of the softmaxes: ids [texts, (pieces)]."""
        return {}
