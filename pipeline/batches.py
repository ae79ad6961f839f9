"""Encoded reviews as batches: alike in length, so that little padding is read, and equal in work, not in number."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pipeline.config import TrainConfig
from pipeline.pieces import Pieces
from pipeline.splits import best_splits
from pipeline.tokenize import PADDING

BOUNDS = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)


def encode(pieces: Pieces, texts: list[str], longest: int) -> tf.RaggedTensor:
    """Ids [texts, (pieces)] of the last `longest` pieces of each text: verdicts stand at the end."""
    return pieces.encode(texts)[:, -longest:]


def pad(ids: tf.RaggedTensor) -> tf.Tensor:
    """Ids [texts, time], `time` being that of the longest text, and 1 where all are empty: no loop over nothing."""
    return ids.to_tensor(PADDING, shape=tf.stack([ids.nrows(), tf.maximum(ids.bounding_shape(axis=1), 1)]))


class Batches(NamedTuple):
    """Batches of (ids [batch, time], labels [batch]), how many give all reviews once, and how many shapes they have."""

    dataset: tf.data.Dataset
    steps: int
    shapes: int


def training_batches(ids: tf.RaggedTensor, labels: np.ndarray, config: TrainConfig, pieces: Pieces) -> Batches:
    """Shuffled batches without end, the same for one seed. All of one length have one shape."""
    reviews = _reviews(ids, labels).shuffle(len(labels), seed=config.seed)
    lengths = ids.row_lengths().numpy()
    if config.piece_dropout:
        splits = best_splits(pieces.vocabulary, pieces.scores)
        reviews = _drop_pieces(reviews, splits, config)
        lengths = _lengths_of_dropped(ids, splits, config)
    counts = Counter(padded(lengths, config.longest).tolist())
    rows = rows_to(config)
    if _steps(counts, rows) < len(counts):  # so few reviews that an epoch would end before most batches are full
        rows |= {time: min(rows[time], count) for time, count in counts.items()}
    return Batches(_bucket(reviews.repeat(), rows), _steps(counts, rows), len(counts))


def _steps(counts: dict[int, int], rows: dict[int, int]) -> int:
    """How many batches give all reviews once: `counts` of each length, in batches of so many `rows`."""
    return round(sum(count / rows[time] for time, count in counts.items()))


def dev_batches(ids: tf.RaggedTensor, labels: np.ndarray, config: TrainConfig) -> tf.data.Dataset:
    """All reviews once, in batches of (ids [batch, time], labels [batch])."""
    return counted(_bucket(_reviews(ids, labels), rows_to(config)))


def counted(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The batches, their number known: else Keras warns that the data ran out."""
    count = batches.reduce(np.int64(0), lambda count, _: count + 1)
    return batches.apply(tf.data.experimental.assert_cardinality(count))


def batches_in_order(ids: tf.RaggedTensor, batch_pieces: int) -> Iterator[tuple[np.ndarray, tf.Tensor]]:
    """Yield (rows [batch], ids [batch, time]), shortest reviews first; `rows` says where the batch's reviews stood."""
    lengths = ids.row_lengths().numpy()
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        # Sorted by length, the batch's last review is its longest: take as many as fit the budget.
        work = np.maximum(lengths[order[start:]], 1) * np.arange(1, len(order) - start + 1)
        stop = start + max(1, int(np.searchsorted(work, batch_pieces, side="right")))
        rows = order[start:stop]
        yield rows, pad(tf.gather(ids, rows))
        start = stop


def _reviews(ids: tf.RaggedTensor, labels: np.ndarray) -> tf.data.Dataset:
    reviews = tf.data.Dataset.from_tensor_slices((ids, labels.astype("float32")))
    return reviews.map(lambda ids, label: (ids, label))  # turns each ragged row into the tensor that padding asks for


def _bucket(reviews: tf.data.Dataset, rows: dict[int, int]) -> tf.data.Dataset:
    """Batches padded to the upper bound of their bucket: few shapes, each of which XLA need compile but once.

    Args:
        rows: how many reviews are a batch, by the bucket's upper bound, ascending.
    """
    batches = reviews.bucket_by_sequence_length(
        lambda ids, label: tf.shape(ids)[0],
        bucket_boundaries=[bound + 1 for bound in rows],  # its buckets exclude their upper bound
        bucket_batch_sizes=[*rows.values(), 1],
        padding_values=(PADDING, 0.0),
        pad_to_bucket_boundary=True,
    )
    return batches.prefetch(tf.data.AUTOTUNE)


def bounds_to(longest: int) -> list[int]:
    """The lengths that reviews of up to `longest` pieces are padded to."""
    return [*(bound for bound in BOUNDS if bound < longest), longest]


def rows_to(config: TrainConfig) -> dict[int, int]:
    """How many reviews of each length that they are padded to are a batch."""
    return {bound: batch_rows(bound, config.batch_pieces) for bound in bounds_to(config.longest)}


def batch_rows(time: int, batch_pieces: int) -> int:
    """How many reviews of a length are a batch: a number that loops can share evenly, where it is not very small."""
    size = max(1, batch_pieces // time)
    return size if size < 4 else size - size % 4


def padded(lengths: np.ndarray, longest: int) -> np.ndarray:
    """To how many pieces reviews of so many are padded.

    >>> padded(np.array([0, 8, 9]), longest=10)
    array([ 8,  8, 10])
    """
    bounds = np.array(bounds_to(longest))
    return bounds[np.searchsorted(bounds, lengths)]


def _drop_pieces(reviews: tf.data.Dataset, splits: list[list[int]], config: TrainConfig) -> tf.data.Dataset:
    """Split each piece in two or more with probability `piece_dropout`: a word is met in more than one spelling.

    The idea is BPE-dropout's (Provilkov et al. 2020); the splits are those that the unigram model likes best.
    """
    size = len(splits)
    table = tf.ragged.constant([[i] for i in range(size)] + splits, dtype=tf.int32)  # row size + i splits piece i
    seeds = tf.data.Dataset.random(config.seed, rerandomize_each_iteration=True).batch(2)

    def split(review: tuple[tf.Tensor, tf.Tensor], seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ids, label = review
        dropped = tf.random.stateless_uniform(tf.shape(ids), seed) < config.piece_dropout
        rows = ids + size * tf.cast(dropped, tf.int32)
        return tf.gather(table, rows).flat_values[-config.longest :], label

    return tf.data.Dataset.zip(reviews, seeds).map(split, num_parallel_calls=tf.data.AUTOTUNE)


def _lengths_of_dropped(ids: tf.RaggedTensor, splits: list[list[int]], config: TrainConfig) -> np.ndarray:
    """The lengths of reviews that `_drop_pieces` drew other pieces of: those of any epoch, but for chance."""
    sizes = np.array([len(split) for split in splits])[ids.flat_values.numpy()]
    dropped = np.random.default_rng(config.seed).random(len(sizes)) < config.piece_dropout
    lengths = tf.reduce_sum(ids.with_flat_values(np.where(dropped, sizes, 1)), axis=1).numpy()
    return np.minimum(lengths, config.longest)
