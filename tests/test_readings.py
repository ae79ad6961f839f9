"""A reading is the model's own answer to each beginning of a text."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.batches import encode
from pipeline.errors import UserError
from pipeline.model import load, positive
from pipeline.pieces import Pieces
from pipeline.readings import Reading, draw_pairs, draw_readings, read_prefixes

TEXT = "배우들 연기가 진짜 죽인다!"


@pytest.fixture(scope="module")
def pieces(tokenize_folder: Path) -> Pieces:
    return Pieces(tokenize_folder)


@pytest.fixture(scope="module")
def model(train_folder: Path) -> keras.Model:
    return load(train_folder)


def test_the_last_prefix_is_the_whole_text(pieces: Pieces, model: keras.Model) -> None:
    reading = read_prefixes(model, pieces, TEXT, 128)
    assert reading.pieces == pieces.split(TEXT)
    assert len(reading.positive) == len(reading.ids) == len(reading.pieces)
    np.testing.assert_allclose(reading.positive[-1], positive(model, encode(pieces, [TEXT], 128))[0], atol=1e-6)
    np.testing.assert_allclose(reading.positive[1], positive(model, pieces.encode([TEXT])[:, :2])[0], atol=1e-6)


def test_of_a_long_text_only_what_the_model_reads_is_read(pieces: Pieces, model: keras.Model) -> None:
    reading = read_prefixes(model, pieces, TEXT, 3)
    assert reading.pieces == pieces.split(TEXT)[-3:]
    np.testing.assert_allclose(reading.positive[-1], positive(model, encode(pieces, [TEXT], 3))[0], atol=1e-6)


def test_a_text_without_pieces_is_refused(pieces: Pieces, model: keras.Model) -> None:
    with pytest.raises(UserError, match=r"'\\u200b': no piece is left of it"):
        read_prefixes(model, pieces, "\u200b", 128)


@pytest.mark.parametrize("lengths", [(), (1,), (3, 4, 2), (3, 40, 15)])
def test_pairs_of_any_number_and_length_are_drawn(lengths: tuple[int, ...], tmp_path: Path) -> None:
    def reading(length: int) -> Reading:
        return Reading("$1 or \\frac $2", np.arange(length), ["▁$죽$"] * length, np.linspace(0, 1, length))

    draw_pairs(tmp_path / "pairs.png", {str(n): (reading(n), reading(n + 1)) for n in lengths})
    draw_readings(tmp_path / "reading.png", [reading(1)])
    assert (tmp_path / "pairs.png").read_bytes().startswith(b"\x89PNG")
