"""Texts in another order in every epoch, each order known from its number alone: a training can go on at any step."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from pipeline.text.batching import batch_rows, padded_lengths
from pipeline.text.vocabulary import PADDING


class ResumableBatches:
    """Batches of texts that are alike in length, the same for one seed; all of one length have one shape.

    Args:
        ids: [texts, (pieces)], none longer than `max_length`.

    Attributes:
        shapes: how many the batches have. steps: batches in an epoch.
    """

    def __init__(self, ids: tf.RaggedTensor, max_length: int, max_tokens_per_batch: int, seed: int) -> None:
        self.pieces, self.starts = ids.values.numpy(), ids.row_splits.numpy()
        self.lengths = np.diff(self.starts)
        self.seed = seed
        self.padded = padded_lengths(self.lengths, max_length)
        counts = zip(*np.unique(self.padded, return_counts=True), strict=True)
        self.rows = {int(time): min(batch_rows(int(time), max_tokens_per_batch), int(count)) for time, count in counts}
        self.shapes = len(self.rows)
        self.steps = len(self._order(0))

    def epoch(self, number: int, first: int = 0) -> Iterator[np.ndarray]:
        """The batches of an epoch from the first wanted on: ids [batch, time] int32, the last rows perhaps empty."""
        for time, texts in self._order(number)[first:]:
            steps = np.arange(time)
            there = steps < self.lengths[texts, None]
            ids = np.full((self.rows[time], time), PADDING, np.int32)
            ids[: len(texts)][there] = self.pieces[(self.starts[texts, None] + steps)[there]]
            yield ids

    def _order(self, epoch: int) -> list[tuple[int, np.ndarray]]:
        """The padded length and the texts of each batch."""
        chance = np.random.default_rng((self.seed, epoch))
        texts = chance.permutation(len(self.lengths))
        batches = []
        for time, rows in self.rows.items():
            alike = texts[self.padded[texts] == time]
            batches += [(time, alike[start : start + rows]) for start in range(0, len(alike), rows)]
        return [batches[i] for i in chance.permutation(len(batches))]
