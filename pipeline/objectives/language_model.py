"""The bidirectional language model (Peters et al. 2018; Howard & Ruder 2018).

    log p(w_2 ... w_{n+1} | w_1) = sum_t log p(w_{t+1} | w_1 ... w_t)      t = 1 ... n, forward
    log p(w_0 ... w_{n-1} | w_n) = sum_t log p(w_{t-1} | w_t ... w_n)      t = n ... 1, backward

Each direction of the recurrent layer predicts the piece that it reads next. w_{n+1} and w_0 are the text's ends; the
first piece that a direction reads is not predicted.
"""

import numpy as np
import tensorflow as tf

from pipeline.config.schema import NetworkConfig
from pipeline.objectives.objective import Objective
from pipeline.objectives.tied_softmax import Predictions, TiedSoftmax
from pipeline.text.vocabulary import PADDING

TARGET_SLICES = {"forward": slice(2, None), "backward": slice(None, -2)}  # of the pieces with an end on either side


class LanguageModel(Objective):
    """Predict with a softmax "forward" and, for a bidirectional network, one "backward"."""

    def __init__(self, network: NetworkConfig, unigram_probabilities: np.ndarray, dropout: float) -> None:
        # The second of two bidirectional layers would get its targets as inputs, from the other direction's states.
        assert len(network.units) == 1 or not network.bidirectional, "only the first bidirectional layer can be trained"
        super().__init__(network, unigram_probabilities, dropout)
        directions = list(TARGET_SLICES) if network.bidirectional else ["forward"]
        units, width = network.units[-1], network.embedding
        self.softmaxes = {name: TiedSoftmax(unigram_probabilities, units, width, name=name) for name in directions}

    def predict_pieces(self, ids: tf.Tensor, training: bool = False) -> dict[str, Predictions]:
        """Return states and targets of each direction: ids [batch, time] int32."""
        mask = ids != PADDING
        ids = tf.pad(ids, [[0, 0], [1, 1]], constant_values=PADDING)  # padding also stands for the text's ends
        embeddings = self.embedding(ids)
        states = self.dropout(embeddings[:, 1:-1], training=training)
        for layer in self.stack:
            states = self.dropout(layer(states, mask=mask, training=training), training=training)
        states_by_direction = tf.split(states, len(self.softmaxes), axis=-1)
        return {
            name: Predictions(
                softmax, direction_states, ids[:, TARGET_SLICES[name]], embeddings[:, TARGET_SLICES[name]], mask
            )
            for (name, softmax), direction_states in zip(self.softmaxes.items(), states_by_direction, strict=True)
        }
