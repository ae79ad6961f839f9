"""Texts as pieces, by the TensorFlow Text op: the same encoder in training and in the SavedModel."""

from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from pipeline.text.vocabulary import PADDING


class Tokenizer:
    """The trained tokenizer of a `tokenize` artifact."""

    def __init__(self, tokenize: Path) -> None:
        self.op = tf_text.SentencepieceTokenizer((tokenize / "pieces.model").read_bytes())
        rows = (tokenize / "pieces.tsv").read_text("utf-8").split("\n")[:-1]
        self.vocabulary = [row.split("\t")[1] for row in rows]
        self.scores = [float(row.split("\t")[2]) for row in rows]

    def encode(self, texts: list[str]) -> tf.RaggedTensor:
        """Ids of the pieces, int32 [texts, (pieces)]."""
        return self.op.tokenize(tf.constant(texts, tf.string))

    def decode(self, ids: np.ndarray) -> list[str]:
        """The texts that pieces make: ids [texts, time], `PADDING` after the end of each."""
        texts = self.op.detokenize(tf.RaggedTensor.from_tensor(ids, padding=PADDING))
        return [text.decode("utf-8", "replace") for text in texts.numpy()]

    def split(self, text: str) -> list[str]:
        """The pieces of one text as strings; "▁" marks where a word begins."""
        return [self.vocabulary[i] for i in self.encode([text]).flat_values.numpy()]
