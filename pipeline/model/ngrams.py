"""N-grams: a linear model of TF-IDF features of the character and word n-grams in a text, with a logit of its own.

A network that reads pieces meets most endings, typos and spellings too seldom to learn them. A linear model of n-grams
knows them all, and nothing of order or distance. Each has what the other lacks, so the classifier stacks the two
(compare Cheng et al. 2016, "Wide & deep learning for recommender systems", who train the two at once).
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier

from pipeline.config.schema import NGramsConfig
from pipeline.text.batching import batches_in_order
from pipeline.text.vocabulary import PADDING, WORD_START

FIT_BATCH_PIECES = 1 << 16  # pieces whose n-grams are counted at once: bounds the memory
OF_WORDS = 2 * WORD_START  # before a word n-gram: tells it from one of characters that spells the same


class Features(NamedTuple):
    """The n-grams of a batch of texts: the bucket that each is hashed to, the row of its text, and its value.

    Shapes:
        bucket int64 [n-grams], row int64 [n-grams], value float32 [n-grams].
    """

    bucket: tf.Tensor
    row: tf.Tensor
    value: tf.Tensor


@keras.saving.register_keras_serializable("maekrak")
class NGrams(keras.layers.Layer):
    """Compute the logit of a linear model of the n-grams that a text's pieces spell.

    Its features are of the baseline's kinds: TF-IDF of n-grams of characters within words, borders included, and of
    words, each kind scaled to length 1. But it reads the pieces that the network reads, at most `max_length`; its words
    end at spaces alone, and upper and lower case differ. All are hashed to `buckets`, so that there is no second
    vocabulary. Weights come from `fit_ngrams`, never from gradients.

    Args:
        characters, words: the largest n of each kind.
        buckets: how many weights there are; n-grams that fall into one share it.
        vocabulary: all pieces as strings, `WORD_START` where a word begins.

    Weights:
        idf, kernel [buckets], bias [].

    Shapes:
        ids [batch, time] int32, 0 for padding -> [batch, 1].

    >>> layer = NGrams(characters=2, words=1, buckets=64, vocabulary=["", "▁so", "▁s", "o", "!"])
    >>> joined, apart = (layer.features(tf.constant([ids])) for ids in ([1, 4], [2, 3, 4]))
    >>> bool(tf.reduce_all(joined.bucket == apart.bucket))
    True
    """

    def __init__(self, characters: int, words: int, buckets: int, vocabulary: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs | {"trainable": False})
        self.characters, self.words, self.buckets = characters, words, buckets
        self.vocabulary = ["" if i == PADDING else piece for i, piece in enumerate(vocabulary)]  # it spells nothing
        self.idf = self.add_weight(shape=(buckets,), initializer="ones", name="idf")
        self.kernel = self.add_weight(shape=(buckets,), initializer="zeros", name="kernel")
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, ids: tf.Tensor) -> tf.Tensor:
        bucket, row, value = self.features(ids)
        contributions = tf.gather(tf.convert_to_tensor(self.kernel), bucket) * value
        return (tf.math.unsorted_segment_sum(contributions, row, tf.shape(ids)[0]) + self.bias)[:, None]

    def features(self, ids: tf.Tensor) -> Features:
        """Return the TF-IDF features of ids [batch, time]."""
        return self.tf_idf(self.term_frequencies(ids), tf.shape(ids)[0])

    def term_frequencies(self, ids: tf.Tensor) -> list[Features]:
        """Return sublinear term frequencies, 1 + log(count): of character and of word n-grams in ids [batch, time]."""
        texts = tf.strings.reduce_join(tf.gather(tf.constant(self.vocabulary), ids), axis=1)
        words = tf.strings.split(texts, WORD_START)
        words = tf.ragged.boolean_mask(words, words != "")
        characters = tf.strings.unicode_split(tf.strings.join([WORD_START, words.flat_values, WORD_START]), "UTF-8")
        character_ngrams = tf.strings.ngrams(characters, list(range(1, self.characters + 1)), separator="")
        character_rows = tf.gather(words.value_rowids(), character_ngrams.value_rowids())
        word_ngrams = tf.strings.ngrams(words, list(range(1, self.words + 1)), separator=WORD_START)
        return [
            self._hashed(character_ngrams.flat_values, character_rows),
            self._hashed(tf.strings.join([OF_WORDS, word_ngrams.flat_values]), word_ngrams.value_rowids()),
        ]

    def tf_idf(self, kinds: list[Features], batch: int | tf.Tensor) -> Features:
        """Multiply term frequencies by IDF and L2-normalise per row and kind."""
        scaled = []
        for bucket, row, value in kinds:
            weighted = value * tf.gather(tf.convert_to_tensor(self.idf), bucket)
            lengths = tf.sqrt(tf.math.unsorted_segment_sum(weighted**2, row, batch))
            scaled.append(Features(bucket, row, weighted / tf.gather(lengths, row)))
        return Features(*(tf.concat(parts, 0) for parts in zip(*scaled, strict=True)))

    def _hashed(self, ngrams: tf.Tensor, rows: tf.Tensor) -> Features:
        """Hash n-grams and count them by row and bucket: strings [n-grams], their rows [n-grams]."""
        places = rows * self.buckets + tf.strings.to_hash_bucket_fast(ngrams, self.buckets)
        places, _, counts = tf.unique_with_counts(places)
        return Features(places % self.buckets, places // self.buckets, 1 + tf.math.log(tf.cast(counts, tf.float32)))

    def compute_mask(self, ids: tf.Tensor, mask: Any = None) -> None:
        return None

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("characters", "words", "buckets", "vocabulary")}
        return {**super().get_config(), **own}


def fit_ngrams(config: NGramsConfig, vocabulary: list[str], ids: tf.RaggedTensor, labels: np.ndarray) -> NGrams:
    """Fit the layer by logistic regression with an L2 penalty: ids [texts, (pieces)], labels [texts]."""
    layer = NGrams(config.characters, config.words, config.buckets, vocabulary, name="ngrams")
    kinds = _term_frequencies(layer, ids)
    layer.idf.assign(_idf(kinds, len(labels), config.buckets))
    bucket, row, value = layer.tf_idf(kinds, len(labels))
    regression = SGDClassifier(
        loss="log_loss",
        alpha=1 / (config.inverse_regularization * len(labels)),
        max_iter=config.epochs,
        tol=None,
        average=True,
        random_state=0,  # the order of the texts, which hardly matters
    ).fit(csr_matrix((value, (row, bucket)), shape=(len(labels), config.buckets)), labels)
    layer.kernel.assign(regression.coef_[0])
    layer.bias.assign(regression.intercept_[0])
    return layer


def _term_frequencies(layer: NGrams, ids: tf.RaggedTensor) -> list[Features]:
    """Return the layer's term frequencies of all texts, of each kind; `row` is the text."""
    term_frequencies = [
        [Features(bucket.numpy(), texts[row], value.numpy()) for bucket, row, value in layer.term_frequencies(batch)]
        for texts, batch in batches_in_order(ids, FIT_BATCH_PIECES)
    ]
    return [Features(*map(np.concatenate, zip(*kind, strict=True))) for kind in zip(*term_frequencies, strict=True)]


def _idf(kinds: list[Features], texts: int, buckets: int) -> np.ndarray:
    """Return the smoothed inverse document frequency of every bucket: log((1 + texts) / (1 + texts with it)) + 1."""
    document_frequency = sum(np.bincount(kind.bucket, minlength=buckets) for kind in kinds)
    return np.log((1 + texts) / (1 + document_frequency)) + 1
