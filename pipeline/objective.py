"""What the objectives of pretrain have in common: the layers that train will take over."""

import keras
import numpy as np
import tensorflow as tf

from pipeline.config import Network
from pipeline.model import embedding, recurrent
from pipeline.tied_softmax import Predictions, TiedSoftmax


class Objective(keras.Model):
    """The classifier's embedding and recurrent layers. A subclass makes `softmaxes` and defines `predict_pieces`.

    Args:
        shares: how often each piece comes, of all pieces [vocabulary].
        dropout: share of what goes into and out of each recurrent layer that isn't seen in training.

    Attributes:
        softmaxes: by what it is that predicts, for example "forward".
    """

    softmaxes: dict[str, TiedSoftmax]

    def __init__(self, network: Network, shares: np.ndarray, dropout: float, return_state: bool = False) -> None:
        super().__init__()
        self.vocabulary = len(shares)
        self.embedding = embedding(network, len(shares))
        self.stack = [recurrent(network, depth, return_state=return_state) for depth in range(len(network.units))]
        self.dropout = keras.layers.Dropout(dropout)

    def predict_pieces(self, ids: tf.Tensor, training: bool = False) -> dict[str, Predictions]:
        """What each softmax is to say of texts, ids [batch, time] int32."""
        raise NotImplementedError

    def measure(self, ids: tf.RaggedTensor) -> dict[str, float]:
        """What there is to measure on dev beyond its predictions: ids [texts, (pieces)]."""
        return {}
