"""Encode, truncate and pad texts; group reviews of like length."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import PADDING

BOUNDS = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)


def encode(tokenizer: Tokenizer, texts: list[str], max_length: int) -> tf.RaggedTensor:
    """Ids [texts, (pieces)] of the last `max_length` pieces of each text: verdicts stand at the end."""
    return tokenizer.encode(texts)[:, -max_length:]


def pad(ids: tf.RaggedTensor) -> tf.Tensor:
    """Ids [texts, time], `time` being that of the longest text, and 1 where all are empty: no loop over nothing."""
    return ids.to_tensor(PADDING, shape=tf.stack([ids.nrows(), tf.maximum(ids.bounding_shape(axis=1), 1)]))


class Batches(NamedTuple):
    """Batches of (ids [batch, time], labels [batch]), how many give all reviews once, and how many shapes they have."""

    dataset: tf.data.Dataset
    steps: int
    shapes: int


def batches_in_order(ids: tf.RaggedTensor, max_tokens_per_batch: int) -> Iterator[tuple[np.ndarray, tf.Tensor]]:
    """Yield (rows [batch], ids [batch, time]), shortest reviews first; `rows` says where the batch's reviews stood."""
    lengths = ids.row_lengths().numpy()
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        # Sorted by length, the batch's last review is its longest: take as many as fit the budget.
        work = np.maximum(lengths[order[start:]], 1) * np.arange(1, len(order) - start + 1)
        stop = start + max(1, int(np.searchsorted(work, max_tokens_per_batch, side="right")))
        rows = order[start:stop]
        yield rows, pad(tf.gather(ids, rows))
        start = stop


def bucket_boundaries(max_length: int) -> list[int]:
    """The lengths that reviews of up to `max_length` pieces are padded to."""
    return [*(bound for bound in BOUNDS if bound < max_length), max_length]


def batch_rows(time: int, max_tokens_per_batch: int) -> int:
    """How many reviews of a length are a batch: a number that loops can share evenly, where it is not very small."""
    size = max(1, max_tokens_per_batch // time)
    return size if size < 4 else size - size % 4


def padded_lengths(lengths: np.ndarray, max_length: int) -> np.ndarray:
    """To how many pieces reviews of so many are padded.

    >>> padded_lengths(np.array([0, 8, 9]), max_length=10)
    array([ 8,  8, 10])
    """
    bounds = np.array(bucket_boundaries(max_length))
    return bounds[np.searchsorted(bounds, lengths)]
