"""A tokenizer of one's own, made by the steps of "Your own tokenizer" in pipeline/README.md: one of characters."""

import json
from pathlib import Path

import pytest

from tests.project import Project

TOKENIZE = '''"""tokenize: learn the characters of the train split."""

from collections import Counter
from pathlib import Path

from pipeline.config.schema import TokenizeConfig
from pipeline.text.reviews import read_reviews
from pipeline.text.vocabulary import WORD_START, write_vocabulary


def tokenize(config: TokenizeConfig, ingest: Path, out: Path) -> dict[str, float]:
    """Write `pieces.tsv`: the most frequent characters."""
    counts = Counter(WORD_START.join(["", *" ".join(read_reviews(ingest, "train").texts).split()]))
    kept = [letter for letter, _ in counts.most_common(config.vocab_size - 2)]
    write_vocabulary(out / "pieces.tsv", [(piece, 0.0) for piece in ("<pad>", "<unk>", *kept)])
    return {"pieces": len(kept) + 2.0}
'''

TOKENIZER = '''"""Texts as characters, by TensorFlow ops."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.text.vocabulary import PADDING, UNKNOWN, WORD_START, read_vocabulary


class Characters(tf.Module):
    def __init__(self, pieces: list[str]) -> None:
        super().__init__()
        entries = tf.lookup.KeyValueTensorInitializer(tf.constant(pieces), tf.range(len(pieces)))
        self.table = tf.lookup.StaticHashTable(entries, UNKNOWN)

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        words = tf.strings.reduce_join(tf.strings.join([WORD_START, tf.strings.split(texts)]), axis=-1)
        letters = tf.strings.unicode_split(words, "UTF-8")
        return letters.with_flat_values(self.table.lookup(letters.flat_values))


class Tokenizer:
    def __init__(self, tokenize: Path) -> None:
        self.vocabulary, self.scores = read_vocabulary(tokenize / "pieces.tsv")
        self.op = Characters(self.vocabulary)

    def encode(self, texts: Sequence[str] | tf.Tensor) -> tf.RaggedTensor:
        return self.op.tokenize(tf.convert_to_tensor(texts, tf.string))

    def decode(self, ids: np.ndarray) -> list[str]:
        rows = ["".join(self.vocabulary[i] for i in row if i != PADDING) for row in ids]
        return [row.replace(WORD_START, " ").strip() for row in rows]

    def split(self, text: str) -> list[str]:
        return [self.vocabulary[i] for i in self.encode([text]).flat_values.numpy()]
'''


@pytest.mark.slow
def test_a_tokenizer_is_its_files_and_is_exported_with_the_model(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("pipeline/tokenize.py", TOKENIZE.encode())
    project.write("pipeline/text/tokenizer.py", TOKENIZER.encode())
    made = project.make("export", "SET=train.piece_dropout=0.0")
    assert made.returncode == 0, made.stderr
    sealed = json.loads((project.folder("export") / "manifest.json").read_text("utf-8"))
    assert sealed["metrics"]["compared_texts"] == 40  # the SavedModel reads as the Keras model does
    assert sealed["metrics"]["largest_difference"] < 1e-5
    read = project.make("predict", "TEXT=배우들 연기가 정말 좋았다")
    assert read.returncode == 0 and read.stdout.startswith("positive\tlabel\ttext\n"), read.stderr
