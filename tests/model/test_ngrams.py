"""The n-grams have scikit-learn's features, learn what a bag of words can, and are stacked with a network."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline.config.schema import Config, NGramsConfig
from pipeline.model.classifier import build_classifier, stack_with_ngrams
from pipeline.model.inference import predict_proba
from pipeline.model.ngrams import NGrams, fit_ngrams
from pipeline.model.saving import save
from pipeline.report.attribution import attribute, ngram_shapley_values
from pipeline.text.batching import encode
from pipeline.text.reviews import Reviews, read_reviews
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import WORD_START

CONFIG = NGramsConfig(characters=4, words=2, buckets=1 << 20, inverse_regularization=4.0, epochs=10)


@pytest.fixture
def tokenizer(tokenize_folder: Path) -> Tokenizer:
    return Tokenizer(tokenize_folder)


@pytest.fixture(scope="module")
def train(ingest_folder: Path) -> Reviews:
    return read_reviews(ingest_folder, "train")


@pytest.fixture
def ngrams(tokenizer: Tokenizer, train: Reviews) -> NGrams:
    return fit_ngrams(CONFIG, tokenizer.vocabulary, encode(tokenizer, train.texts, 128), train.labels)


def values(layer: NGrams, ids: tf.RaggedTensor) -> list[np.ndarray]:
    found = layer.features(ids.to_tensor())
    return [np.sort(found.value.numpy()[found.row.numpy() == row]) for row in range(ids.nrows())]


def test_its_features_weigh_what_those_of_scikit_learn_do(ngrams: NGrams, tokenizer: Tokenizer, train: Reviews) -> None:
    kinds = (
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, lowercase=False),
        TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True, lowercase=False),
    )
    texts = ["".join(tokenizer.split(text)).replace(WORD_START, " ").strip() for text in train.texts]
    matrices = [kind.fit(texts).transform(texts[:20]) for kind in kinds]
    for row, found in enumerate(values(ngrams, encode(tokenizer, train.texts[:20], 128))):
        expected = np.sort(np.concatenate([matrix[row].data for matrix in matrices]))
        np.testing.assert_allclose(found, expected, atol=0.01)  # but for what falls into one bucket


def test_it_learns_words_and_not_their_order(ngrams: NGrams, tokenizer: Tokenizer, train: Reviews) -> None:
    logits = ngrams(encode(tokenizer, train.texts, 128).to_tensor())[:, 0].numpy()
    assert ((logits > 0) == train.labels).mean() > 0.95
    there, back = encode(tokenizer, ["a b c", "c b a"], 128)
    alone = NGrams(4, 1, 1 << 10, tokenizer.vocabulary)
    alone.kernel.assign(np.random.default_rng(1).normal(size=1 << 10))
    np.testing.assert_allclose(alone(there[None]), alone(back[None]), atol=1e-5)


def test_no_text_gives_the_bias(ngrams: NGrams) -> None:
    np.testing.assert_allclose(ngrams(tf.zeros((2, 3), tf.int32)), np.full((2, 1), ngrams.bias.numpy()))


def test_the_stack_weighs_both_and_can_be_saved(
    ngrams: NGrams, tokenizer: Tokenizer, train: Reviews, config: Config, ingest_folder: Path, tmp_path: Path
) -> None:
    dev = read_reviews(ingest_folder, "dev")
    ids = encode(tokenizer, dev.texts, 128)
    keras.utils.set_random_seed(1)
    network = build_classifier(config.train, len(tokenizer.vocabulary))  # untrained, so that the n-grams decide
    model = stack_with_ngrams(network, ngrams, ids, dev.labels)
    probabilities = predict_proba(model, ids)
    assert ((probabilities >= 0.5) == dev.labels).mean() > 0.9
    save(model, tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict_proba(again, ids), probabilities)


def test_contributions_add_up_to_the_logit(
    ngrams: NGrams, tokenizer: Tokenizer, train: Reviews, config: Config
) -> None:
    ids = encode(tokenizer, train.texts[:1], 128).flat_values.numpy()
    contributions, none = ngram_shapley_values(ngrams, ids), tf.zeros((1, 1), tf.int32)
    np.testing.assert_allclose(contributions.sum(), (ngrams(ids[None]) - ngrams(none))[0, 0], atol=1e-4)
    texts = encode(tokenizer, train.texts[:50], 128)
    keras.utils.set_random_seed(1)
    model = stack_with_ngrams(
        build_classifier(config.train, len(tokenizer.vocabulary)), ngrams, texts, train.labels[:50]
    )
    whole = attribute(model, ids)
    assert whole.residual < 0.01
    of_network, of_ngrams = model.get_layer("final_estimator").get_weights()[0][:, 0]
    assert np.abs(whole.integrated_gradients - of_ngrams * contributions).max() < abs(of_network)
