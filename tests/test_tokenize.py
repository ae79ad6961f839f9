"""The pieces are learnt from train alone, the same ones each time, and read any text."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.artifact.files import sha256
from pipeline.config.schema import Config
from pipeline.support.errors import UserError
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import PADDING, UNKNOWN
from pipeline.tokenize import tokenize

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


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


def test_too_many_pieces_for_the_text_is_said(config: Config, ingest_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tokenize.vocab_size: 60000 pieces can't be learned from train"):
        tokenize(config.tokenize.model_copy(update={"vocab_size": 60000}), ingest_folder, tmp_path)


@given(TEXTS)
def test_any_text_is_read_without_unknowns(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode([text]).flat_values.numpy()
    assert not np.isin(ids, [PADDING, UNKNOWN]).any()  # what has no piece is read as bytes


@given(TEXTS)
def test_spelling_does_not_matter(tokenizer: Tokenizer, text: str) -> None:
    """A service reads texts as they come; ingest composed those of train."""
    as_it_comes, composed, decomposed = tokenizer.encode(
        [text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)]
    ).to_list()
    assert as_it_comes == composed == decomposed
