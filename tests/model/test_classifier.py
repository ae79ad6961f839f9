"""The classifier reads what is there: not the padding, not the neighbours in a batch."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.artifact.files import PACKAGE, sha256
from pipeline.cells import make_cell
from pipeline.config.schema import Config
from pipeline.layers.pooling import Pooling
from pipeline.layers.recurrent import Bidirectional, Recurrent
from pipeline.model.classifier import build_classifier
from pipeline.model.encoder import all_layers, find_layer
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load, save
from pipeline.orchestration.code_hash import imported_files

IDS = tf.ragged.constant([[5, 7, 9], [4], [], [8, 8, 8, 8, 8, 8]], dtype=tf.int32, ragged_rank=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"pooling": ["last"]},
        {"pooling": ["last", "mean", "max"]},
        {"pooling": ["last", "attention", "max"]},
        {"pooling": ["mean"], "bidirectional": False},
        {"pooling": ["max"], "cell": "vanilla"},
        {"pooling": ["max"], "cell": "gru", "units": [4, 3]},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_padding_and_neighbours_do_not_matter(config: Config, changes: dict[str, object]) -> None:
    model = build_classifier(config.train.model_copy(update=changes), vocab_size=20)
    together = predict_proba(model, IDS)
    alone = [predict_proba(model, IDS[i : i + 1])[0] for i in range(IDS.nrows())]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    padded = tf.sigmoid(model(tf.constant([[5, 7, 9, 0, 0, 0, 0]]))[:, 0])
    np.testing.assert_allclose(padded, together[:1], atol=1e-6)
    assert np.isfinite(together).all()


def test_single_texts_may_be_the_first_to_be_read(config: Config) -> None:
    model = build_classifier(config.train, vocab_size=20)
    alone = [predict_proba(model, IDS[i : i + 1])[0] for i in (0, 1, 3)]
    np.testing.assert_allclose(predict_proba(model, IDS)[[0, 1, 3]], alone, atol=1e-6)


@pytest.mark.parametrize("units", [[4], [4, 3]])
def test_all_layers_are_pooled_and_embeddings_give_the_same_logits(config: Config, units: list[int]) -> None:
    changes = {"units": units, "bidirectional": True, "pooling": ["last", "attention", "max"], "attention_heads": 3}
    model = build_classifier(config.train.model_copy(update=changes), vocab_size=20)
    assert find_layer(model, "logit").kernel.shape == (2 * (2 + 3) * sum(units), 1)
    ids = tf.constant([[5, 7, 9], [4, 0, 0]])
    logits = model.get_layer("logits_from_embeddings")([model.get_layer("embedding")(ids), ids != 0])
    np.testing.assert_allclose(logits, model(ids), atol=1e-6)


def test_layers_are_found_wherever_they_stand(config: Config) -> None:
    changes = {"units": [4, 3], "bidirectional": True, "pooling": ["attention"]}
    model = build_classifier(config.train.model_copy(update=changes), vocab_size=20)
    assert [weight.path for layer in all_layers(model) for weight in layer.weights] == [w.path for w in model.weights]
    assert find_layer(model, "embedding") is model.get_layer("embedding")
    assert find_layer(model, "recurrent_1").forward_layer.cell.units == 3
    with pytest.raises(ValueError):
        find_layer(model, "recurrent_2")


def test_loading_takes_all_that_keras_must_know() -> None:
    """Else a model loads only where something else has registered its layers, and their code is in no code hash."""
    registering = {PACKAGE / name for name in ("layers/pooling.py", "layers/recurrent.py", "model/ngrams.py")}
    assert registering <= imported_files("pipeline.model.saving")


def test_pooling_by_hand() -> None:
    states = np.array([[[1.0, -5.0], [3.0, -6.0], [9.0, 9.0]]], "float32")
    mask = np.array([[True, True, False]])
    pooled = {name: Pooling([name])(states, mask=mask).numpy().tolist() for name in ("last", "mean", "max")}
    assert pooled == {"last": [[3.0, -6.0]], "mean": [[2.0, -5.5]], "max": [[3.0, -5.0]]}
    concat = Pooling(["last", "mean", "max"])(states, mask=mask)
    assert concat.numpy().tolist() == [[3.0, -6.0, 2.0, -5.5, 3.0, -5.0]]
    assert Pooling(["max", "last"])(states, mask=mask).numpy().tolist() == [[3.0, -5.0, 3.0, -6.0]]


def test_attention_starts_as_the_mean_and_weighs_by_its_queries() -> None:
    states = np.array([[[1.0, -5.0], [3.0, -6.0], [9.0, 9.0]]], "float32")
    mask = np.array([[True, True, False]])
    attention = Pooling(["attention"], heads=3)
    np.testing.assert_allclose(attention(states, mask=mask), [3 * [2.0, -5.5]], atol=1e-6)
    queries = np.zeros((2, 3))
    queries[0, 1] = np.log(3) / 2  # so that to the second head the second state weighs three times the first
    attention.set_weights([queries])
    expected = [2.0, -5.5, 2.5, -5.75, 2.0, -5.5]
    np.testing.assert_allclose(attention(states, mask=mask), [expected], atol=1e-6)


def test_the_last_state_of_each_direction_is_the_one_that_has_read_all() -> None:
    layer = Bidirectional(Recurrent(make_cell("gru", 2, {}), return_sequences=True, return_state=True))
    mask = np.array([[True, True, True], [True, True, False]])
    states, forward, backward = layer(np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32"), mask=mask)
    pooled = Pooling(["last"], bidirectional=True)(states, mask=mask)
    np.testing.assert_array_equal(pooled, np.concatenate([forward, backward], axis=-1))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_pooling_of_padding_alone_is_zero(bidirectional: bool) -> None:
    pooling = Pooling(["last", "mean", "max", "attention"], bidirectional, heads=3)
    pooled = pooling(np.ones((1, 3, 2), "float32"), mask=np.zeros((1, 3), bool))
    assert pooled.numpy().tolist() == [[0.0] * 2 * (3 + 3)]


def test_the_same_model_is_the_same_file(config: Config, tmp_path: Path) -> None:
    model = build_classifier(config.train.model_copy(update={"pooling": ["max", "attention"]}), vocab_size=20)
    queries = find_layer(model, "pooling_0").queries
    queries.assign(keras.random.normal(queries.shape))
    save(model, tmp_path / "one.keras")
    save(model, tmp_path / "two.keras")
    assert sha256(tmp_path / "one.keras") == sha256(tmp_path / "two.keras")
    again = keras.saving.load_model(tmp_path / "one.keras")
    np.testing.assert_array_equal(predict_proba(again, IDS), predict_proba(model, IDS))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.keras", "two.keras"]


def test_a_sealed_model_loads(config: Config, train_folder: Path) -> None:
    assert load(train_folder).get_layer("embedding").output_dim == config.train.embedding
