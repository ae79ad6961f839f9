"""Neither direction sees what it must predict."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.schema import Config
from pipeline.objectives.language_model import LanguageModel


def model(config: Config, bidirectional: bool, units: list[int]) -> LanguageModel:
    network = config.train.model_copy(update={"bidirectional": bidirectional, "units": units})
    return LanguageModel(network, np.full(20, 0.05), dropout=0.5)


@pytest.mark.parametrize(("bidirectional", "units"), [(True, [8]), (False, [8, 6])])
def test_a_direction_is_told_of_no_piece_to_come(config: Config, bidirectional: bool, units: list[int]) -> None:
    made = model(config, bidirectional, units)
    ids = np.array([[3, 4, 5, 6, 7, 0], [8, 9, 0, 0, 0, 0]], np.int32)
    before = made.predict_pieces(tf.constant(ids))
    ids[0, 2] = 11
    after = made.predict_pieces(tf.constant(ids))
    assert list(before) == (["forward", "backward"] if bidirectional else ["forward"])
    changed = {name: np.abs(after[name].states - one.states).max(axis=2) > 0 for name, one in before.items()}
    assert changed["forward"].tolist() == [[False, False, True, True, True, False], [False] * 6]
    if bidirectional:
        assert changed["backward"].tolist() == [[True, True, True, False, False, False], [False] * 6]


def test_what_comes_is_the_next_piece_or_the_end(config: Config) -> None:
    ids = tf.constant([[3, 4, 5], [6, 0, 0], [0, 0, 0]])
    predicted = model(config, bidirectional=True, units=[8]).predict_pieces(ids)
    mask = predicted["forward"].mask
    assert tf.boolean_mask(predicted["forward"].pieces, mask).numpy().tolist() == [4, 5, 0, 0]
    assert tf.boolean_mask(predicted["backward"].pieces, mask).numpy().tolist() == [0, 3, 4, 0]
    for one in predicted.values():
        vectors = one.vectors.numpy()
        assert vectors.shape == (3, 3, config.train.embedding) and one.states.shape == (3, 3, 8)
