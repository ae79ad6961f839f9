"""A reading is the model's own answer to each beginning of a text."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.report.prefix_predictions import PrefixPredictions, read_prefixes
from pipeline.report.reading_figures import draw_pairs, draw_readings
from pipeline.support.errors import UserError
from pipeline.text.batching import encode
from pipeline.text.tokenizer import Tokenizer

TEXT = "배우들 연기가 진짜 죽인다!"


@pytest.fixture(scope="module")
def tokenizer(tokenize_folder: Path) -> Tokenizer:
    return Tokenizer(tokenize_folder)


@pytest.fixture(scope="module")
def model(train_folder: Path) -> keras.Model:
    return load(train_folder)


def test_the_last_prefix_is_the_whole_text(tokenizer: Tokenizer, model: keras.Model) -> None:
    reading = read_prefixes(model, tokenizer, TEXT, 128)
    assert reading.pieces == tokenizer.split(TEXT)
    assert len(reading.positive) == len(reading.ids) == len(reading.pieces)
    np.testing.assert_allclose(reading.positive[-1], predict_proba(model, encode(tokenizer, [TEXT], 128))[0], atol=1e-6)
    np.testing.assert_allclose(reading.positive[1], predict_proba(model, tokenizer.encode([TEXT])[:, :2])[0], atol=1e-6)


def test_of_a_long_text_only_what_the_model_reads_is_read(tokenizer: Tokenizer, model: keras.Model) -> None:
    reading = read_prefixes(model, tokenizer, TEXT, 3)
    assert reading.pieces == tokenizer.split(TEXT)[-3:]
    np.testing.assert_allclose(reading.positive[-1], predict_proba(model, encode(tokenizer, [TEXT], 3))[0], atol=1e-6)


def test_a_text_without_pieces_is_refused(tokenizer: Tokenizer, model: keras.Model) -> None:
    with pytest.raises(UserError, match=r"'\\u200b': no piece is left of it"):
        read_prefixes(model, tokenizer, "\u200b", 128)


@pytest.mark.parametrize("lengths", [(), (1,), (3, 4, 2), (3, 40, 15)])
def test_pairs_of_any_number_and_length_are_drawn(lengths: tuple[int, ...], tmp_path: Path) -> None:
    def reading(length: int) -> PrefixPredictions:
        return PrefixPredictions("$1 or \\frac $2", np.arange(length), ["▁$죽$"] * length, np.linspace(0, 1, length))

    draw_pairs(tmp_path / "pairs.png", {str(n): (reading(n), reading(n + 1)) for n in lengths})
    draw_readings(tmp_path / "reading.png", [reading(1)])
    assert (tmp_path / "pairs.png").read_bytes().startswith(b"\x89PNG")
