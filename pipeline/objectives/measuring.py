"""Evaluate a pretraining objective on dev: perplexity and accuracy of pieces."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from pipeline.layers.xla import jit
from pipeline.objectives.objective import IDS, Objective
from pipeline.objectives.tied_softmax import BLOCK_ROWS, PackedTargets, full_softmax_loss
from pipeline.text.batching import batches_in_order


def make_evaluator(model: Objective, compiled: bool) -> Callable[[tf.RaggedTensor, int], dict[str, float]]:
    """Return a function (ids [texts, (pieces)], max_tokens_per_batch) -> metrics on dev, by name.

    Perplexity is the exponential of the mean of -log p over all targets, of all softmaxes together and, where there are
    several, of each; accuracy is the fraction of targets that are the likeliest piece.

    Call it before the loops are compiled: XLA would compile them for each of the many shapes of dev's batches.
    """
    predict = tf.function(
        lambda ids: {name: one.pack() for name, one in model.predict_pieces(ids).items()}, input_signature=[IDS]
    ).get_concrete_function()
    loss_and_correct = jit(full_softmax_loss, compiled)

    def evaluate(ids: tf.RaggedTensor, max_tokens_per_batch: int) -> dict[str, float]:
        embeddings = model.embedding(tf.range(model.vocabulary))
        sums = {name: np.zeros(3) for name in model.softmaxes}  # of losses, of correct targets, of targets
        for _, batch in batches_in_order(ids, max_tokens_per_batch):
            for name, packed in predict(batch).items():
                bias = tf.convert_to_tensor(model.softmaxes[name].bias.value)
                for first in range(0, len(packed.targets), BLOCK_ROWS):
                    block = PackedTargets(*(values[first : first + BLOCK_ROWS] for values in packed))
                    loss, correct = loss_and_correct(block, embeddings, bias)
                    sums[name] += (float(loss), float(correct), float(tf.reduce_sum(block.weights)))
        loss, correct, count = np.sum(list(sums.values()), axis=0)
        metrics = {"dev_perplexity": perplexity(loss, count), "dev_piece_accuracy": float(correct / count)}
        if len(sums) > 1:
            metrics |= {f"dev_{name}_perplexity": perplexity(loss, count) for name, (loss, _, count) in sums.items()}
        return metrics | model.extra_metrics(ids)

    return evaluate


def perplexity(loss: float, count: float) -> float:
    """Return the perplexity of `count` pieces whose -log p sum up to `loss`; infinite where it overflows a float.

    >>> perplexity(0.0, 2), perplexity(1e6, 2)
    (1.0, inf)
    """
    with np.errstate(over="ignore"):
        return float(np.exp(loss / count))
