"""Batches to train on and to validate on: bucketed by length, so that little is padding, with as many pieces each."""

from collections import Counter

import numpy as np
import tensorflow as tf

from pipeline.config.schema import TrainConfig
from pipeline.text.batching import Batches, batch_rows, bucket_boundaries, padded_lengths
from pipeline.text.subword_sampling import best_splits
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import PADDING


def training_batches(ids: tf.RaggedTensor, labels: np.ndarray, config: TrainConfig, tokenizer: Tokenizer) -> Batches:
    """Make shuffled batches without end, the same for one seed; those of one padded length have one shape.

    Args:
        ids: [reviews, (pieces)]. labels: [reviews].
    """
    reviews = _reviews(ids, labels).shuffle(len(labels), seed=config.seed)
    lengths = ids.row_lengths().numpy()
    if config.piece_dropout:
        splits = best_splits(tokenizer.vocabulary, tokenizer.scores)
        reviews = _drop_pieces(reviews, splits, config)
        lengths = _lengths_of_dropped(ids, splits, config)
    counts = Counter(padded_lengths(lengths, config.max_length).tolist())
    rows = batch_sizes(config)
    if _steps(counts, rows) < len(counts):  # so few reviews that an epoch would end before most batches are full
        rows |= {time: min(rows[time], count) for time, count in counts.items()}
    return Batches(_bucket(reviews.repeat(), rows), _steps(counts, rows), len(counts))


def _steps(counts: dict[int, int], rows: dict[int, int]) -> int:
    """Return how many batches hold all reviews once: `counts` by padded length, in batches of so many `rows`."""
    return round(sum(count / rows[time] for time, count in counts.items()))


def dev_batches(ids: tf.RaggedTensor, labels: np.ndarray, config: TrainConfig) -> tf.data.Dataset:
    """Make batches of (ids [batch, time], labels [batch]) that hold every review once."""
    return with_cardinality(_bucket(_reviews(ids, labels), batch_sizes(config)))


def with_cardinality(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Tell a data set how many batches it has: else Keras warns that the data ran out."""
    count = batches.reduce(np.int64(0), lambda count, _: count + 1)
    return batches.apply(tf.data.experimental.assert_cardinality(count))


def _reviews(ids: tf.RaggedTensor, labels: np.ndarray) -> tf.data.Dataset:
    reviews = tf.data.Dataset.from_tensor_slices((ids, labels.astype("float32")))
    return reviews.map(lambda ids, label: (ids, label))  # turns each ragged row into the tensor that padding asks for


def _bucket(reviews: tf.data.Dataset, rows: dict[int, int]) -> tf.data.Dataset:
    """Batch reviews padded to the upper bound of their bucket: few shapes, each of which XLA need compile but once.

    Args:
        rows: the batch size by the bucket's upper bound, ascending.
    """
    batches = reviews.bucket_by_sequence_length(
        lambda ids, label: tf.shape(ids)[0],
        bucket_boundaries=[bound + 1 for bound in rows],  # its buckets exclude their upper bound
        bucket_batch_sizes=[*rows.values(), 1],
        padding_values=(PADDING, 0.0),
        pad_to_bucket_boundary=True,
    )
    return batches.prefetch(tf.data.AUTOTUNE)


def batch_sizes(config: TrainConfig) -> dict[int, int]:
    """Return the batch size for each padded length."""
    return {bound: batch_rows(bound, config.max_tokens_per_batch) for bound in bucket_boundaries(config.max_length)}


def _drop_pieces(reviews: tf.data.Dataset, splits: list[list[int]], config: TrainConfig) -> tf.data.Dataset:
    """Split each piece in two or more with probability `piece_dropout`: a word is met in more than one spelling.

    The idea is that of BPE-dropout (Provilkov et al. 2020); the splits are those of `best_splits`.
    """
    size = len(splits)
    table = tf.ragged.constant([[i] for i in range(size)] + splits, dtype=tf.int32)  # row size + i splits piece i
    seeds = tf.data.Dataset.random(config.seed, rerandomize_each_iteration=True).batch(2)

    def split(review: tuple[tf.Tensor, tf.Tensor], seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ids, label = review
        dropped = tf.random.stateless_uniform(tf.shape(ids), seed) < config.piece_dropout
        rows = ids + size * tf.cast(dropped, tf.int32)
        return tf.gather(table, rows).flat_values[-config.max_length :], label  # they are more than before

    return tf.data.Dataset.zip(reviews, seeds).map(split, num_parallel_calls=tf.data.AUTOTUNE)


def _lengths_of_dropped(ids: tf.RaggedTensor, splits: list[list[int]], config: TrainConfig) -> np.ndarray:
    """Draw the lengths that `_drop_pieces` gives the reviews in an epoch [reviews]; another epoch differs by chance."""
    sizes = np.array([len(split) for split in splits])[ids.flat_values.numpy()]
    dropped = np.random.default_rng(config.seed).random(len(sizes)) < config.piece_dropout
    lengths = tf.reduce_sum(ids.with_flat_values(np.where(dropped, sizes, 1)), axis=1).numpy()
    return np.minimum(lengths, config.max_length)
