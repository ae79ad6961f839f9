"""No direction sees its targets, and the targets are the adjacent pieces."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.schema import Config
from pipeline.objectives.language_model import LanguageModel


def build(config: Config, bidirectional: bool, units: list[int]) -> LanguageModel:
    network = config.train.model_copy(update={"bidirectional": bidirectional, "units": units})
    return LanguageModel(network, np.full(20, 0.05), dropout=0.5)


@pytest.mark.parametrize(("bidirectional", "units"), [(True, [8]), (False, [8, 6])])
def test_states_depend_on_no_later_piece(config: Config, bidirectional: bool, units: list[int]) -> None:
    model = build(config, bidirectional, units)
    ids = np.array([[3, 4, 5, 6, 7, 0], [8, 9, 0, 0, 0, 0]], np.int32)
    before = model.predict_pieces(tf.constant(ids))
    ids[0, 2] = 11
    after = model.predict_pieces(tf.constant(ids))
    assert list(before) == (["forward", "backward"] if bidirectional else ["forward"])
    changed = {name: np.abs(after[name].states - one.states).max(axis=2) > 0 for name, one in before.items()}
    assert changed["forward"].tolist() == [[False, False, True, True, True, False], [False] * 6]
    if bidirectional:
        assert changed["backward"].tolist() == [[True, True, True, False, False, False], [False] * 6]


def test_targets_are_the_adjacent_pieces_and_the_ends(config: Config) -> None:
    ids = tf.constant([[3, 4, 5], [6, 0, 0], [0, 0, 0]])
    predictions = build(config, bidirectional=True, units=[8]).predict_pieces(ids)
    mask = predictions["forward"].mask
    assert tf.boolean_mask(predictions["forward"].targets, mask).numpy().tolist() == [4, 5, 0, 0]
    assert tf.boolean_mask(predictions["backward"].targets, mask).numpy().tolist() == [0, 3, 4, 0]
    for one in predictions.values():
        assert one.target_embeddings.shape == (3, 3, config.train.embedding) and one.states.shape == (3, 3, 8)
