"""Every text once in an epoch, in an order that the seed and the epoch's number give."""

import numpy as np
import tensorflow as tf

from pipeline.objectives.resumable_batches import ResumableBatches

LENGTHS = np.random.default_rng(1).integers(0, 21, 60)
IDS = tf.RaggedTensor.from_row_lengths(np.arange(1, LENGTHS.sum() + 1, dtype=np.int32), LENGTHS)


def read(batches: list[np.ndarray]) -> list[int]:
    return [int(piece) for batch in batches for piece in batch.ravel() if piece]


def test_every_piece_comes_once_in_each_epoch() -> None:
    shuffled = ResumableBatches(IDS, max_length=20, max_tokens_per_batch=64, seed=1)
    first, second = list(shuffled.epoch(0)), list(shuffled.epoch(1))
    assert sorted(read(first)) == sorted(read(second)) == list(range(1, LENGTHS.sum() + 1))
    assert read(first) != read(second)
    assert len(first) == len(second) == shuffled.steps
    assert len({batch.shape for batch in first}) == shuffled.shapes
    assert all(batch.size <= 64 for batch in first)


def test_an_epoch_goes_on_where_it_was() -> None:
    one, other = (ResumableBatches(IDS, max_length=20, max_tokens_per_batch=64, seed=seed) for seed in (1, 2))
    assert read(list(one.epoch(3, first=5))) == read(list(one.epoch(3))[5:])
    assert read(list(one.epoch(3))) != read(list(other.epoch(3)))
