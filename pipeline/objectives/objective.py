"""What the objectives of pretrain have in common: the layers that train will take over."""

import keras
import numpy as np
import tensorflow as tf

from pipeline.config.schema import NetworkConfig
from pipeline.model.encoder import embedding, recurrent
from pipeline.objectives.tied_softmax import Predictions, TiedSoftmax

IDS = tf.TensorSpec((None, None), tf.int32)


class Objective(keras.Model):
    """The classifier's embedding and recurrent layers. A subclass makes `softmaxes` and defines `predict_pieces`.

    Args:
        shares: how often each piece comes, of all pieces [vocabulary].
        dropout: share of what goes into and out of each recurrent layer that isn't seen in training.

    Attributes:
        softmaxes: by what it is that predicts, for example "forward".
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
        """What each softmax is to say of texts, ids [batch, time] int32."""
        raise NotImplementedError

    def measure(self, ids: tf.RaggedTensor) -> dict[str, float]:
        """What there is to measure on dev beyond its predictions: ids [texts, (pieces)]."""
        return {}
