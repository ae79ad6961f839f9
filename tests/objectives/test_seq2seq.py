"""The decoder depends on a review through its final states alone; beam search finds the likeliest text."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.schema import Config
from pipeline.objectives.seq2seq import Seq2Seq

VOCABULARY = 5
IDS = tf.constant([[3, 4, 2, 1], [2, 2, 0, 0]])


def build(config: Config, **changes: object) -> Seq2Seq:
    model = Seq2Seq(config.train.model_copy(update=changes), np.full(VOCABULARY, 1 / VOCABULARY), dropout=0.5)
    model.predict_pieces(IDS)
    for weight in model.trainable_variables:  # far from their initial values, so that some pieces are likelier
        weight.assign(weight + np.random.default_rng(len(weight.shape)).normal(0, 0.7, weight.shape))
    return model


def log_probability(model: Seq2Seq, ids: list[int], generated: list[int]) -> float:
    """Return log p(generated | ids) by teacher forcing."""
    states = model.encode(model.embedding(tf.constant([ids])), tf.constant([ids]) != 0)
    outputs, _ = model.decode(model.embedding(tf.constant([[0, *generated[:-1]]])), states)
    embeddings = model.embedding(tf.range(VOCABULARY))
    log_p = model.softmaxes["decoder"].log_probabilities(outputs[0], embeddings).numpy()
    return float(sum(log_p[np.arange(len(generated)), generated]))


@pytest.mark.parametrize(
    "changes",
    [
        {"bidirectional": True},
        {"units": [4, 3]},
        {"cell": "min_gru"},
        {"cell": "vanilla", "bidirectional": True, "units": [4, 3]},
    ],
    ids=str,
)
def test_targets_are_the_pieces_of_the_text(config: Config, changes: dict[str, object]) -> None:
    model = build(config, **changes)
    (predictions,) = model.predict_pieces(IDS).values()
    assert tf.boolean_mask(predictions.targets, predictions.mask).numpy().tolist() == [3, 4, 2, 1, 0, 2, 2, 0]
    log_p = model.softmaxes["decoder"].log_probabilities(
        tf.boolean_mask(predictions.states, predictions.mask), model.embedding(tf.range(VOCABULARY))
    )
    by_step = tf.gather(log_p, tf.boolean_mask(predictions.targets, predictions.mask), batch_dims=1).numpy()
    np.testing.assert_allclose(by_step[:5].sum(), log_probability(model, [3, 4, 2, 1], [3, 4, 2, 1, 0]), rtol=1e-4)
    np.testing.assert_allclose(by_step[5:].sum(), log_probability(model, [2, 2], [2, 2, 0]), rtol=1e-4)


def test_states_depend_on_the_whole_text_of_their_row_alone(config: Config) -> None:
    model = build(config, bidirectional=True)
    changed = tf.constant([[3, 4, 2, 2], [2, 2, 0, 0]])
    before, after = (model.predict_pieces(ids)["decoder"].states.numpy() for ids in (IDS, changed))
    assert (before[0, 0] != after[0, 0]).any()  # the last piece changes the initial states
    np.testing.assert_allclose(before[1], after[1], atol=1e-6)


def test_beams_find_the_likeliest_text(config: Config) -> None:
    model, limit = build(config, bidirectional=True), 2
    every = [
        (*pieces, 0)[:limit] if length < limit else pieces
        for length in range(limit + 1)
        for pieces in itertools.product(range(1, VOCABULARY), repeat=length)
    ]
    for pieces in ([3, 4, 2, 1], [2, 2]):
        scores = {text: log_probability(model, pieces, list(text)) for text in set(every)}
        np.testing.assert_allclose(sum(map(np.exp, scores.values())), 1, rtol=1e-4)
        likeliest = max(scores, key=lambda text: scores[text])
        ids = tf.constant([pieces])
        generated, score = model.generate(ids, beams=VOCABULARY**2, limit=limit)
        assert tuple(generated[0, : len(likeliest)]) == likeliest
        np.testing.assert_allclose(score[0], scores[likeliest], rtol=1e-4)

        greedy, greedy_score = model.generate(ids, beams=1, limit=limit)
        ended = greedy[0].tolist().index(0) + 1 if 0 in greedy[0] else len(greedy[0])
        np.testing.assert_allclose(greedy_score[0], scores[tuple(greedy[0, :ended])], rtol=1e-4)
        assert greedy_score[0] <= score[0] + 1e-5


def test_a_text_is_generated_alike_alone_and_in_a_batch(config: Config) -> None:
    model = build(config, bidirectional=True)
    together, scores = model.generate(IDS, beams=2, limit=4)
    for row, ids in enumerate((IDS[:1], IDS[1:, :2])):
        alone, score = model.generate(ids, beams=2, limit=4)
        assert alone[0].tolist() == together[row, : alone.shape[1]].tolist()
        np.testing.assert_allclose(score[0], scores[row], rtol=1e-4)
