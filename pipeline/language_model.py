"""The two-way language model: what comes next, and what came before (Peters et al. 2018; Howard & Ruder 2018).

    log p(w_1 ... w_n) = sum_t log p(w_{t+1} | w_1 ... w_t)      reading forward
                       = sum_t log p(w_{t-1} | w_t ... w_n)      reading backward

Each direction of the recurrent layer learns to say what it hasn't read yet, as it does for every text: no labels are
needed. What follows the last piece, and precedes the first, is the text's end.
"""

import keras
import numpy as np
import tensorflow as tf

from pipeline.config import Network
from pipeline.model import embedding, recurrent
from pipeline.tied_softmax import Predictions, TiedSoftmax
from pipeline.tokenize import PADDING


class LanguageModel(keras.Model):
    """The classifier's embedding and recurrent layers, and a softmax for each direction that they read in.

    Args:
        shares: how often each piece comes, of all pieces [vocabulary].
        dropout: share of what goes into and out of each recurrent layer that isn't seen in training.

    Attributes:
        softmaxes: by direction, "forward" and, where the network reads both ways, "backward".
    """

    def __init__(self, network: Network, shares: np.ndarray, dropout: float) -> None:
        super().__init__()
        self.vocabulary = len(shares)
        self.embedding = embedding(network, len(shares))
        self.stack = [recurrent(network, depth) for depth in range(network.layers)]
        self.dropout = keras.layers.Dropout(dropout)
        directions = ("forward", "backward") if network.bidirectional else ("forward",)
        self.softmaxes = {name: TiedSoftmax(shares, network.embedding, name=name) for name in directions}

    def predict_pieces(self, ids: tf.Tensor, training: bool = False) -> dict[str, Predictions]:
        """What each direction says of each piece that it reads next.

        Args:
            ids: [batch, time] int32.
        """
        mask = ids != PADDING
        ids = tf.pad(ids, [[0, 0], [1, 1]], constant_values=PADDING)  # it stands for the text's ends too
        vectors = self.embedding(ids)
        states = self.dropout(vectors[:, 1:-1], training=training)
        for layer in self.stack:
            states = self.dropout(layer(states, mask=mask, training=training), training=training)
        read = dict(zip(self.softmaxes, tf.split(states, len(self.softmaxes), axis=-1), strict=True))
        coming = {"forward": slice(2, None), "backward": slice(None, -2)}
        return {
            name: Predictions(self.softmaxes[name], read[name], ids[:, steps], vectors[:, steps], mask)
            for name, steps in coming.items()
            if name in read
        }
