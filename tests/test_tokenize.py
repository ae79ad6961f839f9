"""The pieces are learnt from train alone, the same ones each time, and read any text."""

import json
import re
import subprocess
import sys
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.artifact.files import sha256
from pipeline.config.schema import Config
from pipeline.support.errors import UserError
from pipeline.text.reviews import read_reviews, write_reviews
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import PADDING, UNKNOWN
from pipeline.tokenize import tokenize
from tests.conftest import small_reviews

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


# In a process without TensorFlow, beside which it can crash.
LEARNT = """
import hashlib, io, json, sys, sentencepiece
settings, texts = json.load(sys.stdin)
model = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=model, **settings)
print(hashlib.sha256(model.getvalue()).hexdigest())
"""


@pytest.fixture(scope="module")
def tokenizer(tokenize_folder: Path) -> Tokenizer:
    return Tokenizer(tokenize_folder)


def test_the_same_train_gives_the_same_pieces(
    config: Config, ingest_folder: Path, tokenize_folder: Path, tmp_path: Path
) -> None:
    only_train = tmp_path / "ingest"
    only_train.mkdir()
    for split, source in {"train": "train", "dev": "train"}.items():  # neither dev nor test as they were
        (only_train / f"{split}.parquet").write_bytes((ingest_folder / f"{source}.parquet").read_bytes())
    (tmp_path / "again").mkdir()
    tokenize(config.tokenize, only_train, tmp_path / "again")
    assert sha256(tmp_path / "again" / "pieces.model") == sha256(tokenize_folder / "pieces.model")


def test_the_report(config: Config, tokenize_folder: Path) -> None:
    report = json.loads((tokenize_folder / "report.json").read_text("utf-8"))
    assert report["pieces"] == config.tokenize.vocab_size
    assert list(report["phrases"]) == config.tokenize.phrases
    assert 1 < report["dev_pieces_p50"] <= report["dev_pieces_p90"] <= report["dev_pieces_p99"]
    assert 0.9 < report["dev_coverage"] <= 1


def ingested(folder: Path, train: list[str]) -> Path:
    folder.mkdir()
    for split in ("train", "dev"):
        write_reviews(folder / f"{split}.parquet", [(text, i % 2) for i, text in enumerate(train)])
    return folder


@pytest.mark.parametrize("count", [2, 200])
def test_few_reviews_give_as_many_pieces_as_they_hold(
    count: int, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    ingest = ingested(tmp_path / "ingest", [text for text, _ in small_reviews(count, seed=3)])
    metrics = tokenize(config.tokenize.model_copy(update={"vocab_size": 16_000}), ingest, tmp_path)
    pieces = len(Tokenizer(tmp_path).vocabulary)
    assert 258 < pieces < 16_000
    said = f"tokenize: {pieces} pieces are all that train holds; tokenize.vocab_size is 16000"
    assert said in capsys.readouterr().out.splitlines()
    assert metrics["dev_coverage"] == 1.0


def test_a_corpus_that_fills_the_vocabulary_is_learnt_as_ever(
    config: Config, ingest_folder: Path, tokenize_folder: Path
) -> None:
    """The bytes of the model hold SentencePiece's settings: no other setting, no other bytes."""
    settings = {
        "model_type": "unigram", "normalization_rule_name": "nmt_nfkc",
        "vocab_size": 512, "character_coverage": config.tokenize.character_coverage, "byte_fallback": True,
        "pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "num_threads": 2, "max_sentence_length": 1 << 20,
        "minloglevel": 2,
    }  # fmt: skip
    texts = read_reviews(ingest_folder, "train").texts
    given = json.dumps([settings, texts])
    done = subprocess.run([sys.executable, "-c", LEARNT], input=given, check=True, capture_output=True, text=True)
    assert sha256(tokenize_folder / "pieces.model") == done.stdout.strip()


def test_too_few_pieces_for_the_characters_is_said_in_our_words(config: Config, tmp_path: Path) -> None:
    syllables = [chr(point) for point in range(ord("가"), ord("가") + 600)]
    ingest = ingested(tmp_path / "ingest", [f"{one}{other}" for one, other in pairwise(syllables)])
    with pytest.raises(UserError) as caught:
        tokenize(config.tokenize, ingest, tmp_path)
    said = (
        r"tokenize.vocab_size: 512 pieces are too few for .*; allowed: (\d+) or more, or a tokenize.character_coverage"
    )
    found = re.match(said, str(caught.value))
    assert found, caught.value
    tokenize(config.tokenize.model_copy(update={"vocab_size": int(found[1])}), ingest, tmp_path)  # as it says
    assert len(Tokenizer(tmp_path).vocabulary) <= int(found[1])


@given(TEXTS)
def test_any_text_is_read_without_unknowns(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode([text]).flat_values.numpy()
    assert not np.isin(ids, [PADDING, UNKNOWN]).any()  # what has no piece is read as bytes


@given(TEXTS)
def test_spelling_does_not_matter(tokenizer: Tokenizer, text: str) -> None:
    """A service reads texts as they come; ingest composed those of train.

    SentencePiece composes by a table and brings no marks into order: of two on one letter it may read another spelling
    otherwise.
    """
    decomposed_marks = [unicodedata.combining(letter) for letter in unicodedata.normalize("NFD", text)]
    assume(not any(one and other for one, other in pairwise(decomposed_marks)))
    as_it_comes, composed, decomposed = tokenizer.encode(
        [text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)]
    ).to_list()
    assert as_it_comes == composed == decomposed
