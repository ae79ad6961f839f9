"""A parallel scan: all h_t of h_t = a_t * h_{t-1} + b_t, without a step for each t.

Two such steps in a row are one: a_2 * (a_1 * h + b_1) + b_2 = (a_2 * a_1) * h + (a_2 * b_1 + b_2). So time is cut into
about sqrt(time) chunks, which are all run at once, from h = 0; then the chunks' ends are chained; then each chunk gets
its share of what came before it (Blelloch 1990, "Prefix sums and their applications", with blocks for a tree: twice
the work of a loop, instead of log2(time) times, in 2 sqrt(time) steps).
"""

from typing import Any

import tensorflow as tf

from pipeline.layers.loop import same_shapes


@tf.custom_gradient
def scan(a: tf.Tensor, b: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Return all h_t.

    Shapes:
        a and b [batch, time, units], h before the first step [batch, units] -> [batch, time, units].

    >>> import tensorflow as tf
    >>> a, b = tf.constant([[[0.5], [0.5], [0.0]]]), tf.constant([[[1.0], [2.0], [3.0]]])
    >>> scan(a, b, tf.constant([[4.0]]))[0, :, 0].numpy().tolist()
    [3.0, 3.5, 3.0]
    """
    states = _scan(a, b, h)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        # d_t = upstream_t + a_{t+1} d_{t+1}: a scan too, from the end.
        following = tf.concat([a[:, 1:], tf.zeros_like(a[:, :1])], 1)
        d_b = _scan(following[:, ::-1], upstream[:, ::-1], tf.zeros_like(h))[:, ::-1]
        before = tf.concat([h[:, None], states[:, :-1]], 1)
        return d_b * before, d_b, d_b[:, 0] * a[:, 0]

    return states, gradient


def _scan(a: tf.Tensor, b: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    """Return all h_t, by chunks: TensorFlow can differentiate it, as second derivatives ask for, but slowly."""
    batch, time, units = tf.unstack(tf.shape(a))
    length = tf.cast(tf.math.ceil(tf.sqrt(tf.cast(time, tf.float32))), tf.int32)
    count = -(-time // length)
    short = [[0, 0], [0, count * length - time], [0, 0]]
    a, b = (tf.reshape(tf.pad(t, short), (batch, count, length, units)) for t in (a, b))

    zeros, ones = tf.zeros_like(b[:, :, 0]), tf.ones_like(a[:, :, 0])
    states, factors = _loop(length, [zeros, ones], lambda t, s, f: [a[:, :, t] * s + b[:, :, t], a[:, :, t] * f])
    # [step, batch, chunk, units]; what a chunk starts from is its predecessor's end
    (ends,) = _loop(count, [h], lambda n, end: [factors[-1, :, n] * end + states[-1, :, n]])
    starts = tf.transpose(tf.concat([h[None], ends[:-1]], 0), [1, 0, 2])
    states = tf.transpose(states + factors * starts, [1, 2, 0, 3])
    return tf.reshape(states, (batch, count * length, units))[:, :time]


def _loop(steps: tf.Tensor, start: list[tf.Tensor], step: Any) -> list[tf.Tensor]:
    """Run `values = step(t, *values)` so many times, and return the values after each, [step, ...]."""
    arrays = [tf.TensorArray(s.dtype, steps, element_shape=s.shape) for s in start]

    def body(t: tf.Tensor, values: list[tf.Tensor], arrays: Any) -> Any:
        new = step(t, *values)
        arrays = [array.write(t, value) for array, value in zip(arrays, new, strict=True)]
        return t + 1, same_shapes(new, values), arrays

    _, _, arrays = tf.while_loop(lambda t, *_: t < steps, body, (0, start, arrays))
    return [array.stack() for array in arrays]
