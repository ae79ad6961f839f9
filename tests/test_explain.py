"""What is drawn is what the model computes: prefixes by the model, gates by its cell."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager

from pipeline.batches import encode
from pipeline.config import Config
from pipeline.explain import explain, read_prefixes, trace_gates
from pipeline.figures import figure
from pipeline.model import build, load, positive
from pipeline.pieces import Pieces

TEXT = "배우들 연기가 진짜 죽인다!"


def test_the_last_prefix_is_the_whole_text(tokenize_folder: Path, train_folder: Path) -> None:
    pieces, model = Pieces(tokenize_folder), load(train_folder)
    reading = read_prefixes(model, pieces, TEXT)
    assert len(reading) == len(pieces.split(TEXT))
    np.testing.assert_allclose(reading[-1], positive(model, encode(pieces, [TEXT], 128))[0], atol=1e-6)


def test_gates_replay_the_layer(tokenize_folder: Path, train_folder: Path) -> None:
    pieces, model = Pieces(tokenize_folder), load(train_folder)
    gates = trace_gates(model, pieces, TEXT)
    assert list(gates) == ["input", "forget", "candidate", "output"]
    c = np.zeros(gates["input"].shape[1])
    for i, f, g in zip(gates["input"], gates["forget"], gates["candidate"], strict=True):
        c = f * c + i * g
    layer = model.get_layer("recurrent_0")
    states = layer(model.get_layer("embedding")(pieces.encode([TEXT]).to_tensor()))
    np.testing.assert_allclose(gates["output"][-1] * np.tanh(c), states[0, -1, : len(c)], atol=1e-5)


def test_a_cell_without_gates_draws_none(config: Config, tokenize_folder: Path) -> None:
    pieces = Pieces(tokenize_folder)
    model = build(config.train.model_copy(update={"cell": "vanilla"}), len(pieces.vocabulary))
    assert trace_gates(model, pieces, TEXT) == {}


def test_figures_are_written_and_korean_has_glyphs(
    config: Config, tokenize_folder: Path, train_folder: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    metrics = explain(config.explain, tokenize_folder, train_folder, tmp_path)
    assert set(metrics) == {"explain_text_positive", "explain_against_positive"}
    assert {path.name for path in tmp_path.iterdir()} == {"reading.png", "gates_text.png", "gates_against.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())
    assert not [w for w in recwarn if "missing from font" in str(w.message)]


def test_the_korean_font_is_found() -> None:
    figure(1, 1)
    assert "NanumGothic" in font_manager.findfont("NanumGothic", fallback_to_default=False)
