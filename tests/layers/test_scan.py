"""A scan gives what a loop gives, and its gradients are those of a loop."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.layers.scan import scan
from tests.cells.contract import random


def looped(a: tf.Tensor, b: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    states = []
    for time in range(a.shape[1]):
        h = a[:, time] * h + b[:, time]
        states.append(h)
    return tf.stack(states, axis=1)


@settings(max_examples=20, derandomize=True)
@given(st.integers(1, 30), st.integers(1, 3), st.integers(1, 3))
def test_a_scan_is_a_loop_in_values_and_gradients(time: int, batch: int, units: int) -> None:
    a, b, h = random(batch, time, units, seed=1), random(batch, time, units, seed=2), random(batch, units, seed=3)
    a = 1 / (1 + np.exp(-a))  # gates
    results = []
    for function in (scan, looped):
        sources = [tf.constant(t) for t in (a, b, h)]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            states = function(*sources)
            loss = tf.reduce_sum(tf.sin(states))
        results.append([states, *tape.gradient(loss, sources)])
    for one, same in zip(*results, strict=True):
        np.testing.assert_allclose(one, same, atol=1e-5)
