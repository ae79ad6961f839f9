"""Encode, truncate and pad texts, in training, evaluation and the exported graph alike; group texts by length."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import PADDING

# Lengths to pad to, in pieces: closer together where most reviews are, since each is a shape to compile for.
BOUNDS = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)


def encode(tokenizer: Tokenizer, texts: Sequence[str] | tf.Tensor, max_length: int) -> tf.RaggedTensor:
    """Return the ids of the last `max_length` pieces of each text, int32 [texts, (pieces)].

    The last, since reviews come to their judgement at the end.

    Args:
        texts: strings, or a string tensor [texts].
    """
    return tokenizer.encode(texts)[:, -max_length:]


def pad(ids: tf.RaggedTensor) -> tf.Tensor:
    """Pad ids [texts, (pieces)] to [texts, time], as long as the longest text; but one piece if all are empty, so that
    no loop over time is of no steps."""
    return ids.to_tensor(PADDING, shape=tf.stack([ids.nrows(), tf.maximum(ids.bounding_shape(axis=1), 1)]))


class Batches(NamedTuple):
    """Batches of reviews.

    Attributes:
        dataset: of (ids [batch, time], labels [batch]).
        steps: batches in an epoch. shapes: how many shapes of ids they have.
    """

    dataset: tf.data.Dataset
    steps: int
    shapes: int


def batches_in_order(ids: tf.RaggedTensor, max_tokens_per_batch: int) -> Iterator[tuple[np.ndarray, tf.Tensor]]:
    """Yield (rows [batch], ids [batch, time]), shortest reviews first; `rows` says which of the reviews they are."""
    lengths = ids.row_lengths().numpy()
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        # Sorted by length, the batch's last review is its longest: take as many as max_tokens_per_batch allows.
        work = np.maximum(lengths[order[start:]], 1) * np.arange(1, len(order) - start + 1)
        stop = start + max(1, int(np.searchsorted(work, max_tokens_per_batch, side="right")))
        rows = order[start:stop]
        yield rows, pad(tf.gather(ids, rows))
        start = stop


def bucket_boundaries(max_length: int) -> list[int]:
    """Return the lengths that reviews of up to `max_length` pieces are padded to, ascending."""
    return [*(bound for bound in BOUNDS if bound < max_length), max_length]


def batch_rows(time: int, max_tokens_per_batch: int) -> int:
    """Return the batch size for one padded length: a multiple of 4, which splits evenly into shards, unless it is
    smaller than that."""
    size = max(1, max_tokens_per_batch // time)
    return size if size < 4 else size - size % 4


def padded_lengths(lengths: np.ndarray, max_length: int) -> np.ndarray:
    """Return the lengths that reviews of these lengths are padded to [reviews].

    >>> padded_lengths(np.array([0, 8, 9]), max_length=10)
    array([ 8,  8, 10])
    """
    bounds = np.array(bucket_boundaries(max_length))
    return bounds[np.searchsorted(bounds, lengths)]
