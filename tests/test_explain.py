"""explain writes what the report shows; what is drawn is what the model computes."""

from pathlib import Path

import keras
import numpy as np
import pytest
from matplotlib import font_manager

from pipeline.artifact.tables import read_table
from pipeline.config.schema import Config
from pipeline.model.classifier import build_classifier
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.report.distance import draw_distance
from pipeline.report.gates import first_layer
from pipeline.report.gradient_flow import gradient_flow, longest_reviews, trace_gradients
from pipeline.report.prefix_predictions import read_pair_of_each_category
from pipeline.support.figures import figure
from pipeline.text.tokenizer import Tokenizer
from tests.conftest import Explained

TEXT = "배우들 연기가 진짜 죽인다!"


@pytest.fixture
def vanilla(config: Config, tokenize_folder: Path) -> keras.Model:
    tokenizer = Tokenizer(tokenize_folder)
    return build_classifier(config.train.model_copy(update={"cell": "vanilla"}), len(tokenizer.vocabulary))


def test_the_longest_reviews_are_cut_to_pieces_that_all_have(tokenize_folder: Path) -> None:
    tokenizer = Tokenizer(tokenize_folder)
    texts = ["죽", "배우들 연기가 진짜 죽인다!", "", "두 시간 동안 시간만 죽인다!"]
    shorter = min(len(tokenizer.split(texts[1])), len(tokenizer.split(texts[3])))
    ids = longest_reviews(tokenizer, texts, reviews=2, max_length=100).numpy()
    assert sorted(map(tuple, ids)) == sorted(tuple(tokenizer.encode([texts[n]])[0, -shorter:].numpy()) for n in (1, 3))
    assert longest_reviews(tokenizer, texts, reviews=2, max_length=3).shape == (2, 3)
    assert longest_reviews(tokenizer, texts, reviews=9, max_length=3).shape[0] == 4


def test_flows_are_of_the_trained_cell_and_a_fresh_one(
    vanilla: keras.Model, tokenize_folder: Path, train_folder: Path
) -> None:
    model = load(train_folder)
    ids = longest_reviews(Tokenizer(tokenize_folder), [TEXT], 1, 100)
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


def test_all_is_written_and_korean_has_glyphs(explained: Explained) -> None:
    assert set(explained.metrics) == {
        "explain_text_positive",
        "explain_against_positive",
        "explain_text_residual",
        "explain_against_residual",
        "gradient_flow_far",
    }
    names = {"reading", "pairs", "gates_text", "gates_against", "gradient_flow", "distance"}
    figures = {f"{name}.png" for name in names}
    tables = {"gradient_flow.tsv", "attribution.tsv"}
    assert {path.name for path in explained.folder.iterdir()} == {*figures, *tables, "report.html"}
    assert all((explained.folder / name).read_bytes().startswith(b"\x89PNG") for name in figures)
    assert not [warning for warning in explained.warnings if "missing from font" in warning]


def test_gradient_flow_is_a_column_a_model(explained: Explained) -> None:
    rows = read_table(explained.folder / "gradient_flow.tsv")
    assert list(rows[0]) == ["distance", "lstm-quick_untrained", "twin_untrained", "lstm-quick_trained", "twin_trained"]
    assert list(rows[0].values()) == ["0", "1", "1", "1", "1"]
    assert [int(row["distance"]) for row in rows] == list(range(len(rows)))
    assert float(rows[-1]["lstm-quick_trained"]) == pytest.approx(explained.metrics["gradient_flow_far"], rel=1e-5)


def test_attribution_is_a_row_a_piece(explained: Explained, config: Config, tokenize_folder: Path) -> None:
    tokenizer = Tokenizer(tokenize_folder)
    rows = read_table(explained.folder / "attribution.tsv")
    assert list(rows[0]) == ["text", "piece", "integrated_gradients", "occlusion"]
    for name, text in (("text", config.explain.text), ("against", config.explain.against)):
        assert [row["piece"] for row in rows if row["text"] == name] == tokenizer.split(text)


def test_the_first_pair_of_each_category_is_read(
    tokenize_folder: Path, train_folder: Path, evaluate_folder: Path
) -> None:
    tokenizer, model = Tokenizer(tokenize_folder), load(train_folder)
    pairs = read_pair_of_each_category(model, tokenizer, 128, evaluate_folder / "pairs.tsv")
    assert list(pairs) == ["lexical: 죽인다", "order: 지루했지만"]
    good, bad = pairs["order: 지루했지만"]
    assert (good.text, bad.text) == ("지루했지만 감동이었다", "감동이었지만 지루했다")
    np.testing.assert_allclose(good.positive[-1], predict_proba(model, tokenizer.encode([good.text]))[0], atol=1e-6)


def test_distance_is_a_line_a_cell_and_the_first_one_s_interval_and_baseline(
    evaluate_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr("pipeline.report.distance.save", lambda drawing, path: drawn.append(drawing))
    table = evaluate_folder / "distance.tsv"
    draw_distance(tmp_path / "distance.png", {"lstm": table, "vanilla": table})
    (axes,) = drawn[0].axes
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) == {"lstm", "vanilla", "baseline", "guessing"}
    np.testing.assert_allclose(lines["lstm"].get_xydata(), [[0, 0.9], [20, 0.7], [40, 0.5]])
    np.testing.assert_allclose(lines["baseline"].get_ydata(), 0.3)
    assert len(axes.collections) == 1


def test_the_korean_font_is_found() -> None:
    figure(1, 1)
    assert "NanumGothic" in font_manager.findfont("NanumGothic", fallback_to_default=False)
