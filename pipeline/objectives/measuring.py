"""Evaluate a pretraining objective on dev: perplexity and accuracy of pieces."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from pipeline.layers.xla import jit
from pipeline.objectives.objective import IDS, Objective
from pipeline.objectives.tied_softmax import ROWS, PackedTargets, full_softmax_loss
from pipeline.text.batching import batches_in_order


def make_evaluator(model: Objective, compiled: bool) -> Callable[[tf.RaggedTensor, int], dict[str, float]]:
    """A function that measures what a model says of texts, ids [texts, (pieces)], in batches of so many pieces.

    Perplexity is the exponential of the mean of -log p over all pieces that are predicted, over all directions and for
    each alone; accuracy is the share of those that are the likeliest.
    """
    # Traced before the loops are compiled: XLA would compile them for each of the many shapes that there are here.
    read = tf.function(
        lambda ids: {name: one.pack() for name, one in model.predict_pieces(ids).items()}, input_signature=[IDS]
    ).get_concrete_function()
    whole = jit(full_softmax_loss, compiled)

    def measure(ids: tf.RaggedTensor, max_tokens_per_batch: int) -> dict[str, float]:
        vectors = model.embedding(tf.range(model.vocabulary))
        sums = {name: np.zeros(3) for name in model.softmaxes}
        for _, batch in batches_in_order(ids, max_tokens_per_batch):
            for name, rows in read(batch).items():
                bias = tf.convert_to_tensor(model.softmaxes[name].bias.value)
                for first in range(0, len(rows.pieces), ROWS):
                    part = PackedTargets(*(values[first : first + ROWS] for values in rows))
                    loss, right = whole(part, vectors, bias)
                    sums[name] += (float(loss), float(right), float(tf.reduce_sum(part.weights)))
        loss, right, count = np.sum(list(sums.values()), axis=0)
        measured = {"dev_perplexity": perplexity(loss, count), "dev_piece_accuracy": float(right / count)}
        if len(sums) > 1:
            measured |= {f"dev_{name}_perplexity": perplexity(loss, count) for name, (loss, _, count) in sums.items()}
        return measured | model.measure(ids)

    return measure


def perplexity(loss: float, count: float) -> float:
    """Of so many pieces with that sum of -log p; infinite where it is too large for a number.

    >>> perplexity(0.0, 2), perplexity(1e6, 2)
    (1.0, inf)
    """
    with np.errstate(over="ignore"):
        return float(np.exp(loss / count))
