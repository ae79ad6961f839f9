"""Pool the states of a sequence into one vector."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

MASK_VALUE = -1e4  # below any state or score, and a number in float16 too


@keras.saving.register_keras_serializable("maekrak")
class Pooling(keras.layers.Layer):
    """Pool a sequence's states into one vector: the last, their mean, maximum or attention, or some side by side.

    The last state of one that is read backwards is the state at its first piece. Side by side, last, mean and max are
    the concat pooling of Howard & Ruder 2018. "attention" is the mean in which a state h weighs exp(q h), for a vector
    q that is learnt (Felbo et al. 2017); it has several heads, each with its own q (as Lin et al. 2017 have hops). q
    starts at zero, and so attention as the mean.

    Args:
        poolings: each "last", "mean", "max" or "attention".
        bidirectional: whether the states' second half reads backwards.
        heads: of attention.

    Shapes:
        inputs [batch, time, units], mask [batch, time] -> [batch, poolings * units], where "attention" counts once for
        each head. A sequence of padding alone gives zeros.

    >>> import tensorflow as tf
    >>> states = tf.constant([[[1.0, 5.0], [3.0, 4.0]]])
    >>> Pooling(["last", "mean", "max"], bidirectional=True)(states, mask=tf.constant([[True, True]])).numpy().tolist()
    [[3.0, 5.0, 2.0, 4.5, 3.0, 5.0]]
    """

    def __init__(self, poolings: Sequence[str], bidirectional: bool = False, heads: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.poolings = poolings
        self.bidirectional = bidirectional
        self.heads = heads
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if "attention" in self.poolings:
            self.queries = self.add_weight((input_shape[-1], self.heads), initializer="zeros", name="queries")

    def call(self, inputs: Any, mask: Any = None) -> Any:
        mask = ops.cast(mask, inputs.dtype)[:, :, None]
        pool = {"last": self._last, "mean": self._mean, "max": self._max, "attention": self._attention}
        return ops.concatenate([pool[pooling](inputs, mask) for pooling in self.poolings], axis=-1)

    def _last(self, inputs: Any, mask: Any) -> Any:
        if not self.bidirectional:
            return _last_valid(inputs, mask)
        forward, backward = ops.split(inputs, 2, axis=-1)
        return ops.concatenate([_last_valid(forward, mask), _last_valid(backward[:, ::-1], mask[:, ::-1])], axis=-1)

    def _mean(self, inputs: Any, mask: Any) -> Any:
        return ops.sum(inputs * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1)

    def _max(self, inputs: Any, mask: Any) -> Any:
        return ops.max(ops.where(mask > 0, inputs, MASK_VALUE), axis=1) * ops.max(mask, axis=1)

    def _attention(self, inputs: Any, mask: Any) -> Any:
        scores = ops.where(mask > 0, inputs @ self.queries, MASK_VALUE)
        weights = ops.softmax(scores, axis=1) * mask
        pooled = ops.transpose(weights, (0, 2, 1)) @ inputs
        return ops.reshape(pooled, (-1, self.heads * inputs.shape[-1]))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        own = {"poolings": list(self.poolings), "bidirectional": self.bidirectional, "heads": self.heads}
        return {**super().get_config(), **own}


def _last_valid(inputs: Any, mask: Any) -> Any:
    """Return the last of the inputs [batch, time, units] where the mask [batch, time, 1] is not 0: [batch, units]."""
    time = ops.cast(ops.arange(1, ops.shape(mask)[1] + 1), inputs.dtype)[None, :, None]
    last = ops.cast(time * mask == ops.max(time * mask, axis=1, keepdims=True), inputs.dtype)
    return ops.sum(inputs * mask * last, axis=1)
