"""An epoch holds every text once, in an order that seed and epoch determine."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from pipeline.objectives.resumable_batches import ResumableBatches

LENGTHS = np.random.default_rng(1).integers(0, 21, 60)
IDS = tf.RaggedTensor.from_row_lengths(np.arange(1, LENGTHS.sum() + 1, dtype=np.int32), LENGTHS)


def pieces_of(epoch: Iterable[np.ndarray]) -> list[int]:
    return [int(piece) for batch in epoch for piece in batch.ravel() if piece]


def test_every_piece_comes_once_in_each_epoch() -> None:
    batches = ResumableBatches(IDS, max_length=20, max_tokens_per_batch=64, seed=1)
    first, second = list(batches.epoch(0)), list(batches.epoch(1))
    assert sorted(pieces_of(first)) == sorted(pieces_of(second)) == list(range(1, LENGTHS.sum() + 1))
    assert pieces_of(first) != pieces_of(second)
    assert len(first) == len(second) == batches.steps
    assert len({batch.shape for batch in first}) == batches.shapes
    assert all(batch.size <= 64 for batch in first)


def test_an_epoch_resumes_at_any_batch() -> None:
    one, other = (ResumableBatches(IDS, max_length=20, max_tokens_per_batch=64, seed=seed) for seed in (1, 2))
    assert pieces_of(one.epoch(3, first=5)) == pieces_of(list(one.epoch(3))[5:])
    assert pieces_of(one.epoch(3)) != pieces_of(other.epoch(3))
