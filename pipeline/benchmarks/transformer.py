"""A transformer of BERT-base's shape, as it is drawn at random: how long it takes doesn't depend on what it learnt."""

import keras
import tensorflow as tf
from keras import ops

from pipeline.text.vocabulary import PADDING


class Transformer(keras.Model):
    """An encoder of texts with one logit: ids [batch, time] int32, 0 for padding -> [batch, 1].

    Source: Devlin et al. 2019, "BERT"; by default its "base". Of its parts those are missing that a single text without
    a pair doesn't need.

    >>> network = Transformer(vocab_size=9, max_length=5, layers=1, width=4, heads=2, inner=8)
    >>> tuple(network(ops.array([[3, 4, 0]])).shape)
    (1, 1)
    """

    def __init__(
        self, vocab_size: int, max_length: int, layers: int = 12, width: int = 768, heads: int = 12, inner: int = 3072
    ) -> None:
        super().__init__()
        self.pieces = keras.layers.Embedding(vocab_size, width)
        self.positions = keras.layers.Embedding(max_length, width)
        self.normalized = keras.layers.LayerNormalization()
        self.blocks = [
            (
                keras.layers.MultiHeadAttention(heads, width // heads),
                keras.layers.LayerNormalization(),
                keras.Sequential([keras.layers.Dense(inner, "gelu"), keras.layers.Dense(width)]),
                keras.layers.LayerNormalization(),
            )
            for _ in range(layers)
        ]
        self.logit = keras.layers.Dense(1)

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        positions = ops.arange(ops.shape(ids)[1])
        mask = ((ids != PADDING) | (positions == 0))[:, None, :]  # one place is read even of an empty text
        states = self.normalized(self.pieces(ids) + self.positions(positions))
        for attention, normalized, feed_forward, normalized_again in self.blocks:
            states = normalized(states + attention(states, states, attention_mask=mask))
            states = normalized_again(states + feed_forward(states))
        return self.logit(states[:, 0])
