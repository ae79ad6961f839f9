"""N-grams: what the runs of letters and of words in a text say of it, wherever they stand, as a logit of its own.

A network that reads pieces meets most endings, typos and spellings too seldom to learn them. A linear model of n-grams
knows them all, and nothing of order or distance. Each has what the other lacks, so the classifier weighs what both say
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

EPOCHS = 10  # of averaged stochastic gradient descent: more gain nothing on dev
FIT_BATCH_PIECES = 1 << 16  # pieces


class Features(NamedTuple):
    """The n-grams of a batch of texts: where each is hashed to, in which text it stands, how much it weighs.

    Shapes:
        bucket int64 [n-grams], row int64 [n-grams], value float32 [n-grams].
    """

    bucket: tf.Tensor
    row: tf.Tensor
    value: tf.Tensor


@keras.saving.register_keras_serializable("maekrak")
class NGrams(keras.layers.Layer):
    """The logit of a linear model of the n-grams that a text's pieces spell.

    Its features are of the baseline's kinds: n-grams of characters within words, borders included, and of words,
    weighted by TF-IDF, those of characters scaled to length 1 and those of words likewise. But it reads the pieces that
    the network reads, cut to the longest; its words end at spaces alone, and upper and lower case differ. All are
    hashed to `buckets`, so that there is no second vocabulary. Weights come from `fit_ngrams`, never from gradients.

    Args:
        characters, words: the longest n-grams of each.
        buckets: how many weights there are; n-grams that fall into one share it.
        vocabulary: all pieces as strings, "▁" where a word begins.

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
        self.vocabulary = ["", *vocabulary[1:]]  # padding spells nothing
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
        text = tf.strings.reduce_join(tf.gather(tf.constant(self.vocabulary), ids), axis=1)
        words = tf.strings.split(text, "▁")
        words = tf.ragged.boolean_mask(words, words != "")
        letters = tf.strings.unicode_split(tf.strings.join(["▁", words.flat_values, "▁"]), "UTF-8")
        in_words = tf.strings.ngrams(letters, list(range(1, self.characters + 1)), separator="")
        of_letters = tf.gather(words.value_rowids(), in_words.value_rowids())
        of_words = tf.strings.ngrams(words, list(range(1, self.words + 1)), separator="▁")
        return [  # "▁▁" tells a word from letters that spell the same
            self._counted(in_words.flat_values, of_letters),
            self._counted(tf.strings.join(["▁▁", of_words.flat_values]), of_words.value_rowids()),
        ]

    def tf_idf(self, kinds: list[Features], batch: int | tf.Tensor) -> Features:
        """Multiply term frequencies by IDF and L2-normalise per row and kind."""
        scaled = []
        for bucket, row, value in kinds:
            weighted = value * tf.gather(tf.convert_to_tensor(self.idf), bucket)
            lengths = tf.sqrt(tf.math.unsorted_segment_sum(weighted**2, row, batch))
            scaled.append(Features(bucket, row, weighted / tf.gather(lengths, row)))
        return Features(*(tf.concat(parts, 0) for parts in zip(*scaled, strict=True)))

    def _counted(self, ngrams: tf.Tensor, rows: tf.Tensor) -> Features:
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
    """The layer with the weights that logistic regression with an L2 penalty gives it."""
    layer = NGrams(config.characters, config.words, config.buckets, vocabulary, name="ngrams")
    kinds = _term_frequencies(layer, ids)
    layer.idf.assign(_idf(kinds, len(labels), config.buckets))
    bucket, row, value = layer.tf_idf(kinds, len(labels))
    regression = SGDClassifier(
        loss="log_loss",
        alpha=1 / (config.inverse_regularization * len(labels)),
        max_iter=EPOCHS,
        tol=None,
        average=True,
        random_state=0,  # the order of the texts, which hardly matters
    ).fit(csr_matrix((value, (row, bucket)), shape=(len(labels), config.buckets)), labels)
    layer.kernel.assign(regression.coef_[0])
    layer.bias.assign(regression.intercept_[0])
    return layer


def _term_frequencies(layer: NGrams, ids: tf.RaggedTensor) -> list[Features]:
    """What the layer finds in all texts, of each kind; `row` is the text."""
    term_frequencies = [
        [Features(bucket.numpy(), texts[row], value.numpy()) for bucket, row, value in layer.term_frequencies(batch)]
        for texts, batch in batches_in_order(ids, FIT_BATCH_PIECES)
    ]
    return [Features(*map(np.concatenate, zip(*kind, strict=True))) for kind in zip(*term_frequencies, strict=True)]


def _idf(kinds: list[Features], texts: int, buckets: int) -> np.ndarray:
    """The smoothed inverse document frequency of every bucket: log((1 + texts) / (1 + texts with it)) + 1."""
    holding = sum(np.bincount(kind.bucket, minlength=buckets) for kind in kinds)
    return np.log((1 + texts) / (1 + holding)) + 1
