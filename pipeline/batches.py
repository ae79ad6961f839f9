"""Encoded reviews as batches: alike in length, so that little padding is read, and equal in work, not in number."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from pipeline.config import TrainConfig
from pipeline.pieces import Pieces
from pipeline.splits import best_splits
from pipeline.tokenize import PADDING

BOUNDARIES = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)


def encode(pieces: Pieces, texts: list[str], longest: int) -> tf.RaggedTensor:
    """Ids [texts, (pieces)] of the last `longest` pieces of each text: verdicts stand at the end."""
    return pieces.encode(texts)[:, -longest:]


def pad(ids: tf.RaggedTensor) -> tf.Tensor:
    """Ids [texts, time], `time` being that of the longest text, and 1 where all are empty: no loop over nothing."""
    return ids.to_tensor(PADDING, shape=tf.stack([ids.nrows(), tf.maximum(ids.bounding_shape(axis=1), 1)]))


def training_batches(ids: tf.RaggedTensor, labels: np.ndarray, config: TrainConfig, pieces: Pieces) -> tf.data.Dataset:
    """Shuffled batches of (ids [batch, time], labels [batch]), other ones at each iteration, the same for one seed."""
    reviews = _reviews(ids, labels).shuffle(len(labels), seed=config.seed)
    if config.piece_dropout:
        reviews = _drop_pieces(reviews, pieces, config.piece_dropout, config.seed)
    return _bucket(reviews, config.batch_pieces, config.longest)


def dev_batches(ids: tf.RaggedTensor, labels: np.ndarray, config: TrainConfig) -> tf.data.Dataset:
    """All reviews once, in batches of (ids [batch, time], labels [batch])."""
    return _bucket(_reviews(ids, labels), config.batch_pieces, config.longest)


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


def _bucket(reviews: tf.data.Dataset, batch_pieces: int, longest: int) -> tf.data.Dataset:
    boundaries = [b for b in BOUNDARIES if b < longest]
    sizes = [max(1, batch_pieces // b) for b in (*boundaries, longest)]
    batches = reviews.bucket_by_sequence_length(
        lambda ids, label: tf.shape(ids)[0],
        bucket_boundaries=[b + 1 for b in boundaries],  # its buckets exclude their upper bound
        bucket_batch_sizes=sizes,
        padding_values=(PADDING, 0.0),
    )
    return batches.prefetch(tf.data.AUTOTUNE)


def _drop_pieces(reviews: tf.data.Dataset, pieces: Pieces, rate: float, seed: int) -> tf.data.Dataset:
    """Split each piece in two or more with probability `rate`, so that a word is met in more than one spelling.

    The idea is BPE-dropout's (Provilkov et al. 2020); the splits are those that the unigram model likes best.
    """
    size = len(pieces.vocabulary)
    splits = best_splits(pieces.vocabulary, pieces.scores)
    table = tf.ragged.constant([[i] for i in range(size)] + splits, dtype=tf.int32)  # row size + i splits piece i
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)

    def split(review: tuple[tf.Tensor, tf.Tensor], seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ids, label = review
        dropped = tf.random.stateless_uniform(tf.shape(ids), seed) < rate
        rows = ids + size * tf.cast(dropped, tf.int32)
        return tf.gather(table, rows).flat_values, label

    return tf.data.Dataset.zip(reviews, seeds).map(split, num_parallel_calls=tf.data.AUTOTUNE)
