"""Batches hold every review once, within the budget, in an order that the seed decides."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import Config
from pipeline.text.batching import batches_in_order, encode, pad
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.training_batches import dev_batches, training_batches

RAGGED = st.lists(st.lists(st.integers(1, 99), max_size=9), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def tokenizer(tokenize_folder: Path) -> Tokenizer:
    return Tokenizer(tokenize_folder)


def contents(batches: tf.data.Dataset) -> list[tuple[bytes, float]]:
    rows = [
        (row[row > 0].tobytes(), y) for ids, ys in batches.as_numpy_iterator() for row, y in zip(ids, ys, strict=True)
    ]
    return rows


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_one_seed_one_order(config: Config, ingest_folder: Path, tokenizer: Tokenizer, dropout: float) -> None:
    train = read_reviews(ingest_folder, "train")
    ids = encode(tokenizer, train.texts, config.train.max_length)

    def epochs(seed: int) -> list[tuple[bytes, float]]:
        changed = config.train.model_copy(update={"seed": seed, "piece_dropout": dropout})
        batches = training_batches(ids, train.labels, changed, tokenizer)
        return contents(batches.dataset.take(3 * batches.steps))

    assert epochs(1) == epochs(1)
    assert epochs(1) != epochs(2)


def test_every_review_is_read_about_once_an_epoch(config: Config, ingest_folder: Path, tokenizer: Tokenizer) -> None:
    train = read_reviews(ingest_folder, "train")
    changed = config.train.model_copy(update={"piece_dropout": 0.0})
    batches = training_batches(
        encode(tokenizer, train.texts, config.train.max_length), train.labels, changed, tokenizer
    )
    times = Counter(contents(batches.dataset.take(6 * batches.steps)))
    assert len(times) == len(train.texts)
    assert 4 <= min(times.values()) <= max(times.values()) <= 8  # what one epoch leaves over, the next begins with


def test_few_reviews_are_read_once_an_epoch_too(config: Config, ingest_folder: Path, tokenizer: Tokenizer) -> None:
    train = read_reviews(ingest_folder, "train")
    few = encode(tokenizer, train.texts[:40], 128)  # of no length so many as a batch could hold
    changed = config.train.model_copy(update={"piece_dropout": 0.0, "max_tokens_per_batch": 8192})
    batches = training_batches(few, train.labels[:40], changed, tokenizer)
    read = contents(batches.dataset.take(batches.steps))
    assert set(Counter(read).values()) == {1}
    assert len(read) == 40


def test_an_epoch_is_as_long_as_dropped_pieces_make_it(
    config: Config, ingest_folder: Path, tokenizer: Tokenizer
) -> None:
    train = read_reviews(ingest_folder, "train")
    changed = config.train.model_copy(update={"piece_dropout": 0.9})
    batches = training_batches(
        encode(tokenizer, train.texts, config.train.max_length), train.labels, changed, tokenizer
    )
    read = sum(len(batch) for batch, _ in batches.dataset.take(6 * batches.steps))
    assert read == pytest.approx(6 * len(train.texts), rel=0.06)


def test_batches_of_one_length_have_one_shape(config: Config, ingest_folder: Path, tokenizer: Tokenizer) -> None:
    train = read_reviews(ingest_folder, "train")
    changed = config.train.model_copy(update={"piece_dropout": 0.5, "max_length": 12})
    batches = training_batches(encode(tokenizer, train.texts, 12), train.labels, changed, tokenizer)
    shapes = {batch.shape for batch, _ in batches.dataset.take(4 * batches.steps)}
    assert len(shapes) <= batches.shapes
    assert {time for _, time in shapes} <= {8, 12}
    assert all(size * time <= changed.max_tokens_per_batch and size % 4 == 0 for size, time in shapes)


def test_dev_holds_every_review_once_within_the_budget(
    config: Config, ingest_folder: Path, tokenizer: Tokenizer
) -> None:
    dev = read_reviews(ingest_folder, "dev")
    ids = encode(tokenizer, dev.texts, config.train.max_length)
    batches = dev_batches(ids, dev.labels, config.train)
    whole = [(np.array(row, np.int32).tobytes(), float(y)) for row, y in zip(ids.to_list(), dev.labels, strict=True)]
    assert sorted(contents(batches)) == sorted(whole)
    assert all(batch.shape[0] * batch.shape[1] <= config.train.max_tokens_per_batch for batch, _ in batches)


def test_dropped_pieces_spell_the_same_text(config: Config, ingest_folder: Path, tokenizer: Tokenizer) -> None:
    train = read_reviews(ingest_folder, "train")
    changed = config.train.model_copy(update={"piece_dropout": 0.5})
    batches = training_batches(encode(tokenizer, train.texts, 128), train.labels, changed, tokenizer)
    read = batches.dataset.take(3 * batches.steps).as_numpy_iterator()
    spelt = {"".join(tokenizer.vocabulary[i] for i in row if i) for ids, _ in read for row in ids}
    assert spelt == {"".join(tokenizer.split(text)) for text in train.texts}


@given(RAGGED, st.integers(1, 60))
def test_order_is_kept_and_the_budget_too(rows: list[list[int]], budget: int) -> None:
    ids = tf.ragged.constant(rows, dtype=tf.int32, ragged_rank=1)
    seen: dict[int, list[int]] = {}
    for which, batch in batches_in_order(ids, budget):
        assert batch.shape[0] == 1 or batch.shape[0] * batch.shape[1] <= budget
        seen |= {int(i): [int(piece) for piece in row if piece] for i, row in zip(which, batch.numpy(), strict=True)}
    assert [seen[i] for i in range(len(rows))] == rows


def test_only_the_last_pieces_are_read(tokenizer: Tokenizer) -> None:
    text = "배우들 연기가 정말 좋았다 결말이 최악이다"
    assert encode(tokenizer, [text], 3).to_list() == [tokenizer.encode([text]).to_list()[0][-3:]]


def test_padding_leaves_a_column_for_empty_texts() -> None:
    assert pad(tf.ragged.constant([[], []], dtype=tf.int32, ragged_rank=1)).shape == (2, 1)
