"""The LSTM as one operation says what the loop says, at every length and in every place of a batch."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.overlays import load_config
from pipeline.model.classifier import build_classifier
from pipeline.serving.graph import Serving
from pipeline.text.tokenizer import Tokenizer
from tests.conftest import SMALL


def ids_of_all_lengths(vocab_size: int, time: int) -> np.ndarray:
    """Ids [time + 1, time]: a text of each length from none to `time`, padded at the end."""
    ids = np.random.default_rng(1).integers(1, vocab_size, (time + 1, time), np.int32)
    return np.where(np.arange(time) < np.arange(time + 1)[:, None], ids, 0)


@pytest.mark.parametrize(
    "options", ["", "train.bidirectional=false train.pooling=[last,mean,max,attention]", "train.units=[5,7]"]
)
def test_it_says_what_the_loop_says(options: str, tokenize_folder: Path) -> None:
    keras.utils.set_random_seed(1)
    tokenizer = Tokenizer(tokenize_folder)
    model = build_classifier(load_config("maekrak", "lstm", f"{SMALL} {options}").train, len(tokenizer.vocabulary))
    model.set_weights([np.random.default_rng(2).normal(size=weight.shape) for weight in model.get_weights()])
    ids = ids_of_all_lengths(len(tokenizer.vocabulary), 12)
    serving = Serving(tokenizer, model, 12)
    found = serving.predict_logits(tf.constant(ids))
    np.testing.assert_allclose(found, model(ids, training=False)[:, 0], rtol=1e-5, atol=1e-5)
    assert np.ptp(found) > 0.5
    assert serving.predict_logits(tf.zeros([0, 3], tf.int32)).shape == (0,)
    graph = serving.predict_logits.get_concrete_function().graph.as_graph_def()
    operations = [node.op for node in graph.node]
    assert operations.count("BlockLSTMV2") == len(serving.weights[len(model.weights) :]) > 0
    assert "While" not in " ".join(operations)


def test_other_cells_keep_their_loop(tokenize_folder: Path) -> None:
    keras.utils.set_random_seed(1)
    tokenizer = Tokenizer(tokenize_folder)
    model = build_classifier(load_config("maekrak", "gru", SMALL).train, len(tokenizer.vocabulary))
    ids = ids_of_all_lengths(len(tokenizer.vocabulary), 5)
    serving = Serving(tokenizer, model, 5)
    np.testing.assert_allclose(serving.predict_logits(ids), model(ids, training=False)[:, 0], atol=1e-6)
    assert len(serving.weights) == len(model.weights)


def test_the_model_itself_is_as_it_was(tokenize_folder: Path) -> None:
    keras.utils.set_random_seed(1)
    tokenizer = Tokenizer(tokenize_folder)
    model = build_classifier(load_config("maekrak", "lstm", SMALL).train, len(tokenizer.vocabulary))
    ids = ids_of_all_lengths(len(tokenizer.vocabulary), 5)
    before = model(ids, training=False)
    Serving(tokenizer, model, 5).predict_logits(tf.constant(ids))
    np.testing.assert_array_equal(model(ids, training=False), before)
