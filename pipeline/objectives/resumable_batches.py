"""Shuffled batches whose order follows from seed and epoch alone, so that a training can resume at any step."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from pipeline.text.batching import batch_rows, padded_lengths
from pipeline.text.vocabulary import PADDING


class ResumableBatches:
    """Batch texts of like length. All batches of one padded length have one shape.

    Args:
        ids: [texts, (pieces)], none longer than `max_length`.
        seed: with the number of an epoch, it determines the epoch's order.

    Attributes:
        shapes: number of different batch shapes.
        steps: batches in an epoch.
    """

    def __init__(self, ids: tf.RaggedTensor, max_length: int, max_tokens_per_batch: int, seed: int) -> None:
        self.pieces, self.starts = ids.values.numpy(), ids.row_splits.numpy()
        self.lengths = np.diff(self.starts)
        self.seed = seed
        self.padded = padded_lengths(self.lengths, max_length)
        counts = zip(*np.unique(self.padded, return_counts=True), strict=True)
        self.batch_sizes = {
            int(time): min(batch_rows(int(time), max_tokens_per_batch), int(count)) for time, count in counts
        }
        self.shapes = len(self.batch_sizes)
        self.steps = len(self._order(0))

    def epoch(self, number: int, first: int = 0) -> Iterator[np.ndarray]:
        """Yield the batches of an epoch, starting at batch `first`: ids [batch, time] int32.

        The last rows of a batch are all padding where the texts of its length do not fill it.
        """
        for time, texts in self._order(number)[first:]:
            steps = np.arange(time)
            mask = steps < self.lengths[texts, None]
            ids = np.full((self.batch_sizes[time], time), PADDING, np.int32)
            ids[: len(texts)][mask] = self.pieces[(self.starts[texts, None] + steps)[mask]]
            yield ids

    def _order(self, epoch: int) -> list[tuple[int, np.ndarray]]:
        """Return the padded length and the text numbers of each batch."""
        rng = np.random.default_rng((self.seed, epoch))
        texts = rng.permutation(len(self.lengths))
        batches = []
        for time, rows in self.batch_sizes.items():
            same_length = texts[self.padded[texts] == time]
            batches += [(time, same_length[start : start + rows]) for start in range(0, len(same_length), rows)]
        return [batches[i] for i in rng.permutation(len(batches))]
