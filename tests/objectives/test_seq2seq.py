"""The decoder knows of a review what the final states hold; beam search finds what is likelier than greedy's."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.schema import Config
from pipeline.objectives.seq2seq import Seq2Seq

VOCABULARY = 5
IDS = tf.constant([[3, 4, 2, 1], [2, 2, 0, 0]])


def model(config: Config, **changes: object) -> Seq2Seq:
    made = Seq2Seq(config.train.model_copy(update=changes), np.full(VOCABULARY, 1 / VOCABULARY), dropout=0.5)
    made.predict_pieces(IDS)
    for weight in made.trainable_variables:  # far from its start, so that it prefers something
        weight.assign(weight + np.random.default_rng(len(weight.shape)).normal(0, 0.7, weight.shape))
    return made


def log_probability(made: Seq2Seq, read: list[int], written: list[int]) -> float:
    """By teacher forcing."""
    states = made.encode(made.embedding(tf.constant([read])), tf.constant([read]) != 0)
    outputs, _ = made.decode(made.embedding(tf.constant([[0, *written[:-1]]])), states)
    vectors = made.embedding(tf.range(VOCABULARY))
    log_p = made.softmaxes["decoder"].log_probabilities(outputs[0], vectors).numpy()
    return float(sum(log_p[np.arange(len(written)), written]))


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
def test_what_it_predicts_is_the_text_that_it_read(config: Config, changes: dict[str, object]) -> None:
    made = model(config, **changes)
    (predicted,) = made.predict_pieces(IDS).values()
    assert tf.boolean_mask(predicted.pieces, predicted.mask).numpy().tolist() == [3, 4, 2, 1, 0, 2, 2, 0]
    log_p = made.softmaxes["decoder"].log_probabilities(
        tf.boolean_mask(predicted.states, predicted.mask), made.embedding(tf.range(VOCABULARY))
    )
    by_step = tf.gather(log_p, tf.boolean_mask(predicted.pieces, predicted.mask), batch_dims=1).numpy()
    np.testing.assert_allclose(by_step[:5].sum(), log_probability(made, [3, 4, 2, 1], [3, 4, 2, 1, 0]), rtol=1e-4)
    np.testing.assert_allclose(by_step[5:].sum(), log_probability(made, [2, 2], [2, 2, 0]), rtol=1e-4)


def test_the_encoder_is_all_that_it_goes_by(config: Config) -> None:
    made = model(config, bidirectional=True)
    changed = tf.constant([[3, 4, 2, 2], [2, 2, 0, 0]])
    before, after = (made.predict_pieces(ids)["decoder"].states.numpy() for ids in (IDS, changed))
    assert (before[0, 0] != after[0, 0]).any()  # the last piece is in the states that it starts from
    np.testing.assert_allclose(before[1], after[1], atol=1e-6)


def test_beams_find_the_likeliest_text(config: Config) -> None:
    made, limit = model(config, bidirectional=True), 2
    every = [
        (*pieces, 0)[:limit] if length < limit else pieces
        for length in range(limit + 1)
        for pieces in itertools.product(range(1, VOCABULARY), repeat=length)
    ]
    for read in ([3, 4, 2, 1], [2, 2]):
        of_all = {text: log_probability(made, read, list(text)) for text in set(every)}
        np.testing.assert_allclose(sum(map(np.exp, of_all.values())), 1, rtol=1e-4)
        likeliest = max(of_all, key=lambda text: of_all[text])
        ids = tf.constant([read])
        written, score = made.generate(ids, beams=VOCABULARY**2, limit=limit)
        assert tuple(written[0, : len(likeliest)]) == likeliest
        np.testing.assert_allclose(score[0], of_all[likeliest], rtol=1e-4)

        greedy, greedy_score = made.generate(ids, beams=1, limit=limit)
        ended = greedy[0].tolist().index(0) + 1 if 0 in greedy[0] else len(greedy[0])
        np.testing.assert_allclose(greedy_score[0], of_all[tuple(greedy[0, :ended])], rtol=1e-4)
        assert greedy_score[0] <= score[0] + 1e-5


def test_texts_are_written_alike_alone_and_together(config: Config) -> None:
    made = model(config, bidirectional=True)
    together, scores = made.generate(IDS, beams=2, limit=4)
    for row, ids in enumerate((IDS[:1], IDS[1:, :2])):
        alone, score = made.generate(ids, beams=2, limit=4)
        assert alone[0].tolist() == together[row, : alone.shape[1]].tolist()
        np.testing.assert_allclose(score[0], scores[row], rtol=1e-4)
