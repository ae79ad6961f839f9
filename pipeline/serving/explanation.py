"""The second signature of an exported model: how it reads a text, piece by piece, for the page."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipeline.layers.recurrent import forward_direction
from pipeline.model.encoder import find_layer
from pipeline.serving.graph import Serving
from pipeline.text.batching import encode, pad

UNITS = 24  # of each gate: those that vary most over the text


class Explanation(tf.Module):
    """Raw texts in, and for each of its pieces what the model makes of it. One text is explained after the other.

    Args:
        serving: what predicts. model: the classifier in it, ids [batch, time] -> logit [batch, 1].
    """

    def __init__(self, serving: Serving, model: keras.Model) -> None:
        super().__init__()
        self.tokenizer, self.max_length = serving.tokenizer, serving.max_length
        self.vocabulary = tf.constant(serving.tokenizer.vocabulary)
        self.weights, self.predict_logits = serving.weights, serving.predict_logits
        layer, embedding = forward_direction(find_layer(model, "recurrent_0")), model.get_layer("embedding")
        self.trace = lambda ids: layer.trace(embedding(ids))
        self.units = min(UNITS, layer.cell.units)
        self.gates = [name for name in self.trace(tf.ones([1, 1], tf.int32)) if name != "h"]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Explain texts [texts].

        Returns:
            `positive` [texts]. `pieces` string, `after` and `attribution` float32 [texts, pieces]: each piece, the
            probability of positive after it, and what the logit loses where it is left out. `gate_<name>` float32
            [texts, pieces, units]: the gates and the memory of the first layer, read left to right; none where its
            cell has neither. After a text's last piece: "" and 0.
        """
        ids = pad(encode(self.tokenizer, text, self.max_length))
        pieces = tf.where(ids > 0, tf.gather(self.vocabulary, ids), "")
        shape = tf.shape(ids)
        zeros = {name: tf.zeros([0, *size]) for name, size in self._sizes(shape[1]).items()}
        explained = tf.cond(  # mapping over nothing has no shape
            shape[0] > 0,
            lambda: tf.map_fn(self._explain, ids, fn_output_signature=dict.fromkeys(zeros, tf.float32)),
            lambda: zeros,
        )
        return {"pieces": pieces, **explained}

    def _sizes(self, time: tf.Tensor) -> dict[str, list[Any]]:
        """The shapes of what explains one text, by name."""
        each_piece = {"after": [time], "attribution": [time]}
        return {"positive": [], **each_piece} | {f"gate_{name}": [time, self.units] for name in self.gates}

    def _explain(self, padded: tf.Tensor) -> dict[str, tf.Tensor]:
        """Explain one text, ids [time] with padding after its end."""
        time = tf.shape(padded)[0]
        length = tf.maximum(tf.reduce_sum(tf.cast(padded > 0, tf.int32)), 1)
        ids = padded[:length]
        steps = tf.range(length)
        prefixes = ids[None] * tf.cast(steps[None] <= steps[:, None], tf.int32)  # after is padding
        kept = tf.range(length - 1)[None]
        without = tf.gather(ids, kept + tf.cast(kept >= steps[:, None], tf.int32))
        without = tf.pad(without, [[0, 0], [0, 1]])  # a text of one piece becomes an empty one, as long as one
        logits, others = tf.split(self.predict_logits(tf.concat([prefixes, without], 0)), 2)
        found = {"after": tf.sigmoid(logits), "attribution": logits[-1] - others}
        traced = self.trace(ids[None][: tf.minimum(length, 1)])  # of as many rows as the loop is told, not of one
        for name in self.gates:
            values = traced[name][0]
            _, most = tf.math.top_k(tf.math.reduce_variance(values, axis=0), self.units)
            found[f"gate_{name}"] = tf.gather(values, most, axis=1)
        rest = time - length
        long = {name: tf.pad(value, [[0, rest]] + [[0, 0]] * (len(value.shape) - 1)) for name, value in found.items()}
        return {"positive": found["after"][-1], **long}


def write_saved_model(serving: Serving, explanation: Explanation, folder: Path) -> None:
    """Save both as one model: the signatures `serving_default` and `explain`, of the same weights."""
    serving.explanation = explanation
    signatures = {"serving_default": serving.__call__, "explain": explanation.__call__}
    tf.saved_model.save(serving, str(folder), signatures=signatures)
