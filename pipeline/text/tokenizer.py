"""Texts as pieces, by the TensorFlow Text op: the same encoder in training and in the SavedModel."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from pipeline.text.vocabulary import PADDING, read_vocabulary


class Tokenizer:
    """The trained tokenizer of a `tokenize` artifact.

    Attributes:
        op: the TensorFlow Text op; a model that is saved with the tokenizer must hold it.
        vocabulary: the pieces by id. scores: the logarithms of their unigram probabilities.
    """

    def __init__(self, tokenize: Path) -> None:
        self.op = tf_text.SentencepieceTokenizer((tokenize / "pieces.model").read_bytes())
        self.vocabulary, self.scores = read_vocabulary(tokenize / "pieces.tsv")

    def encode(self, texts: Sequence[str] | tf.Tensor) -> tf.RaggedTensor:
        """Return the ids of the texts' pieces, int32 [texts, (pieces)]; a tensor of texts is string [texts].

        Bytes that are not UTF-8, which a service may be sent, are read as the replacement character, as ingest reads
        them; the op would read each as three pieces.
        """
        valid = tf.strings.unicode_transcode(tf.convert_to_tensor(texts, tf.string), "UTF-8", "UTF-8", errors="replace")
        return self.op.tokenize(valid)

    def decode(self, ids: np.ndarray) -> list[str]:
        """Return the texts that pieces spell: ids [texts, time], `PADDING` after the end of each."""
        texts = self.op.detokenize(tf.RaggedTensor.from_tensor(ids, padding=PADDING))
        return [text.decode("utf-8", "replace") for text in texts.numpy()]

    def split(self, text: str) -> list[str]:
        """Return the pieces of one text as strings; `WORD_START` marks where a word begins."""
        return [self.vocabulary[i] for i in self.encode([text]).flat_values.numpy()]
