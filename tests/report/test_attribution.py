"""Attribution: what it must be where the answer is known, and what holds for any model."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.report.attribution import attribute, integrated_gradients, occlusion
from pipeline.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def model(train_folder: Path) -> keras.Model:
    return load(train_folder)


@pytest.fixture(scope="module")
def ids(tokenize_folder: Path) -> np.ndarray:
    return Tokenizer(tokenize_folder).encode(["결말이 너무 별로였다"]).flat_values.numpy()


def logits(model: keras.Model, *texts: np.ndarray) -> np.ndarray:
    ids = tf.RaggedTensor.from_row_lengths(np.concatenate(texts), [len(text) for text in texts])
    p = np.float64(predict_proba(model, ids))
    return np.log(p / (1 - p))


def test_on_a_linear_logit_it_is_input_times_weight() -> None:
    embedded, weight = np.random.default_rng(1).normal(size=(2, 4, 3)).astype("float32")
    shares, residual = integrated_gradients(
        lambda texts: tf.reduce_sum(texts * weight, (1, 2)) + 1, tf.constant(embedded)
    )
    np.testing.assert_allclose(shares, (embedded * weight).sum(axis=1), rtol=1e-5)
    assert residual < 1e-6


def test_integrated_gradients_are_complete(model: keras.Model, ids: np.ndarray) -> None:
    attribution = attribute(model, ids)
    embeddings = model.get_layer("embedding").embeddings
    kept, (end, _) = embeddings.numpy(), logits(model, ids, ids[:1])
    embeddings.assign(np.zeros_like(kept))
    start, _ = logits(model, ids, ids[:1])
    embeddings.assign(kept)
    unexplained = abs(attribution.integrated_gradients.sum() - (end - start))
    assert abs(end - start) > 0.1  # else a share of it would say nothing
    assert unexplained < 0.01 * abs(end - start)
    assert attribution.residual == pytest.approx(unexplained, abs=1e-4)


def test_occlusion_is_the_logit_s_fall_without_the_piece(model: keras.Model, ids: np.ndarray) -> None:
    whole, *without = logits(model, ids, *(np.delete(ids, n) for n in range(len(ids))))
    np.testing.assert_allclose(occlusion(model, ids), whole - np.array(without), atol=1e-4)
    assert np.ptp(without) > 0.01


def test_a_piece_alone_is_compared_with_the_empty_text(model: keras.Model, ids: np.ndarray) -> None:
    alone = attribute(model, ids[:1])
    piece, nothing = logits(model, ids[:1], ids[:0])
    assert alone.integrated_gradients.shape == (1,)
    np.testing.assert_allclose(alone.occlusion, [piece - nothing], atol=1e-4)
