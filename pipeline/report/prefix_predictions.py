"""Prefix predictions: what the model makes of a text piece by piece, and where context turns it round."""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from pipeline.artifact.tables import read_table
from pipeline.model.inference import predict_proba
from pipeline.support.errors import UserError
from pipeline.text.batching import encode
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import WORD_START


class PrefixPredictions(NamedTuple):
    """A text with the model's prediction for each of its beginnings.

    Attributes:
        text: as it was given.
        ids: of the pieces that are read, int32 [pieces].
        pieces: the same as strings; `WORD_START` marks where a word begins.
        positive: the probability of positive after each piece [pieces]: entry n is of the first n + 1 pieces alone.
    """

    text: str
    ids: np.ndarray
    pieces: list[str]
    positive: np.ndarray

    @property
    def labels(self) -> list[str]:
        """The pieces for figures, "_" for `WORD_START`, which their font lacks."""
        return [piece.replace(WORD_START, "_") for piece in self.pieces]

    @property
    def flips(self) -> list[int]:
        """The pieces after which the predicted label is another than before them.

        >>> PrefixPredictions("", np.arange(4), [], np.array([0.4, 0.7, 0.8, 0.2])).flips
        [1, 3]
        """
        labels = self.positive >= 0.5
        return [n for n in range(1, len(labels)) if labels[n] != labels[n - 1]]


def read_prefixes(model: keras.Model, tokenizer: Tokenizer, text: str, max_length: int) -> PrefixPredictions:
    """Predict from the first piece of the text alone, then the first two, and so on to its end.

    Args:
        max_length: pieces that the model reads; of a longer text the last ones.

    Raises:
        UserError: if the text holds no piece.
    """
    ids = encode(tokenizer, [text], max_length).flat_values.numpy()
    if not len(ids):
        raise UserError(f"explain: {text!r}: no piece is left of it to read; give it words")
    lengths = range(1, len(ids) + 1)
    prefixes = tf.RaggedTensor.from_row_lengths(np.concatenate([ids[:n] for n in lengths]), lengths)
    return PrefixPredictions(text, ids, [tokenizer.vocabulary[i] for i in ids], predict_proba(model, prefixes))


def read_pair_of_each_category(
    model: keras.Model, tokenizer: Tokenizer, max_length: int, path: Path
) -> dict[str, tuple[PrefixPredictions, PrefixPredictions]]:
    """Read the good and the bad member of the first pair of each category that evaluate found unseen, by a title."""
    first = {row["category"]: row for row in reversed(read_table(path))}
    return {
        f"{category}: {row['phrase']}": (
            read_prefixes(model, tokenizer, row["pos"], max_length),
            read_prefixes(model, tokenizer, row["neg"], max_length),
        )
        for category, row in reversed(first.items())
    }
