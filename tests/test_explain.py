"""What is drawn is what the model computes: prefixes by the model, gates by its cell."""

from pathlib import Path

import keras
import numpy as np
import pytest
from matplotlib import font_manager

from pipeline.batches import encode
from pipeline.config import Config
from pipeline.explain import (
    draw_gates,
    explain,
    first_layer,
    longest_reviews,
    read_prefixes,
    trace_gates,
    trace_gradients,
)
from pipeline.figures import figure
from pipeline.gradient_flow import gradient_flow
from pipeline.model import build, load, positive
from pipeline.pieces import Pieces

TEXT = "배우들 연기가 진짜 죽인다!"


@pytest.fixture
def vanilla(config: Config, tokenize_folder: Path) -> keras.Model:
    pieces = Pieces(tokenize_folder)
    return build(config.train.model_copy(update={"cell": "vanilla"}), len(pieces.vocabulary))


def test_the_last_prefix_is_the_whole_text(tokenize_folder: Path, train_folder: Path) -> None:
    pieces, model = Pieces(tokenize_folder), load(train_folder)
    reading = read_prefixes(model, pieces, TEXT)
    assert len(reading) == len(pieces.split(TEXT))
    np.testing.assert_allclose(reading[-1], positive(model, encode(pieces, [TEXT], 128))[0], atol=1e-6)


def test_gates_replay_the_layer(tokenize_folder: Path, train_folder: Path) -> None:
    pieces, model = Pieces(tokenize_folder), load(train_folder)
    gates = trace_gates(model, pieces, TEXT)
    assert set(gates) == {"c", "input", "forget", "candidate", "output"}
    c = np.zeros(gates["input"].shape[1])
    for n in range(len(gates["input"])):
        c = gates["forget"][n] * c + gates["input"][n] * gates["candidate"][n]
        np.testing.assert_allclose(gates["c"][n], c, atol=1e-5)
    layer = model.get_layer("recurrent_0")
    states = layer(model.get_layer("embedding")(pieces.encode([TEXT]).to_tensor()))
    np.testing.assert_allclose(gates["output"][-1] * np.tanh(c), states[0, -1, : len(c)], atol=1e-5)


def test_a_cell_without_gates_draws_none(vanilla: keras.Model, tokenize_folder: Path) -> None:
    assert trace_gates(vanilla, Pieces(tokenize_folder), TEXT) == {}


def test_a_memory_larger_than_one_is_drawn(tokenize_folder: Path, tmp_path: Path) -> None:
    pieces = Pieces(tokenize_folder)
    draw_gates(tmp_path / "c.png", pieces, TEXT, {"c": np.linspace(-9, 9, len(pieces.split(TEXT)))[:, None]})
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_the_longest_reviews_are_cut_to_pieces_that_all_have(tokenize_folder: Path) -> None:
    pieces = Pieces(tokenize_folder)
    texts = ["죽", "배우들 연기가 진짜 죽인다!", "", "두 시간 동안 시간만 죽인다!"]
    shorter = min(len(pieces.split(texts[1])), len(pieces.split(texts[3])))
    ids = longest_reviews(pieces, texts, reviews=2, longest=100).numpy()
    assert sorted(map(tuple, ids)) == sorted(tuple(pieces.encode([texts[n]])[0, -shorter:].numpy()) for n in (1, 3))
    assert longest_reviews(pieces, texts, reviews=2, longest=3).shape == (2, 3)
    assert longest_reviews(pieces, texts, reviews=9, longest=3).shape[0] == 4


def test_flows_are_of_the_trained_cell_and_a_fresh_one(
    vanilla: keras.Model, tokenize_folder: Path, train_folder: Path
) -> None:
    model = load(train_folder)
    ids = longest_reviews(Pieces(tokenize_folder), [TEXT], 1, 100)
    flows = trace_gradients({"lstm": model, "vanilla": vanilla}, ids)
    assert {state: list(by_name) for state, by_name in flows.items()} == {
        "untrained": ["lstm", "vanilla"],
        "trained": ["lstm", "vanilla"],
    }
    expected = gradient_flow(first_layer(model).cell, model.get_layer("embedding")(ids))
    np.testing.assert_allclose(flows["trained"]["lstm"], expected, rtol=1e-5)
    assert not np.allclose(flows["untrained"]["lstm"], expected, rtol=1e-3)
    again = trace_gradients({"vanilla": vanilla}, ids)  # whatever other cells there are
    np.testing.assert_array_equal(again["untrained"]["vanilla"], flows["untrained"]["vanilla"])


def test_all_is_written_and_korean_has_glyphs(
    config: Config,
    ingest_folder: Path,
    tokenize_folder: Path,
    train_folder: Path,
    tmp_path: Path,
    recwarn: pytest.WarningsRecorder,
) -> None:
    others = {"twin": train_folder}
    metrics = explain(config.explain, ingest_folder, tokenize_folder, train_folder, others, tmp_path)
    assert set(metrics) == {"explain_text_positive", "explain_against_positive", "gradient_flow_far"}
    figures = {"reading.png", "gates_text.png", "gates_against.png", "gradient_flow.png"}
    assert {path.name for path in tmp_path.iterdir()} == {*figures, "gradient_flow.tsv"}
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in figures)
    assert not [w for w in recwarn if "missing from font" in str(w.message)]
    header, *rows = [row.split("\t") for row in (tmp_path / "gradient_flow.tsv").read_text("utf-8").splitlines()]
    assert header == ["distance", "lstm_untrained", "twin_untrained", "lstm_trained", "twin_trained"]
    assert rows[0] == ["0", "1", "1", "1", "1"]
    assert [int(row[0]) for row in rows] == list(range(len(rows)))
    assert float(rows[-1][3]) == pytest.approx(metrics["gradient_flow_far"], rel=1e-5)


def test_the_korean_font_is_found() -> None:
    figure(1, 1)
    assert "NanumGothic" in font_manager.findfont("NanumGothic", fallback_to_default=False)
