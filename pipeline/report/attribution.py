"""Attribution: the contribution of each piece of a text to the logit, by two methods that can check each other."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from pipeline.artifact.tables import write_table
from pipeline.model.ngrams import NGrams
from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.text.batching import pad

STEPS = 256  # points on the path; maximum pooling makes the gradient jump on the way, which takes many
CHUNK = 32  # points in one batch: bounds the memory


class Attribution(NamedTuple):
    """The contributions of a text's pieces to its logit.

    Attributes:
        integrated_gradients, occlusion: float64 [pieces]; above 0 towards positive, below 0 towards negative.
        residual: what the integrated gradients lack to add up to the logit less that of zero embeddings, in size.
    """

    integrated_gradients: np.ndarray
    occlusion: np.ndarray
    residual: float


def attribute(model: keras.Model, ids: np.ndarray) -> Attribution:
    """Attribute the logit of a text to its pieces, given by their ids [pieces].

    N-grams have no embeddings: `ngram_shapley_values` attributes their logit. The contributions to either logit are
    scaled by its weight in the final estimator.
    """
    network = model.get_layer("logits_from_embeddings")

    def logits(embeddings: tf.Tensor) -> tf.Tensor:
        mask = tf.ones(tf.shape(embeddings)[:2], tf.bool)
        return network([embeddings, mask], training=False)[:, 0]

    contributions, residual = integrated_gradients(logits, model.get_layer("embedding")(ids))
    if "ngrams" in (layer.name for layer in model.layers):
        weights, _ = model.get_layer("final_estimator").get_weights()
        of_network, of_ngrams = weights[:, 0]
        contributions = of_network * contributions + of_ngrams * ngram_shapley_values(model.get_layer("ngrams"), ids)
        residual = abs(of_network) * residual
    return Attribution(contributions, occlusion(model, ids), float(residual))


def integrated_gradients(logits: Callable[[tf.Tensor], tf.Tensor], embedded: tf.Tensor) -> tuple[np.ndarray, float]:
    """Average the gradient of the logit with respect to the embeddings on the line from zero to them; multiply by them.

    Args:
        logits: a function from the embeddings of texts to their logits.

    Returns:
        The contribution of each piece, and the residual: the logit less that of zero embeddings, less the sum of the
        contributions, in size. It would be 0 with infinitely many steps.

    Shapes:
        logits: [batch, pieces, width] -> [batch]. embedded [pieces, width] -> float64 [pieces], float.

    Source:
        Sundararajan et al. 2017, "Axiomatic attribution for deep networks".

    >>> embedded = tf.constant([[1.0], [3.0]])
    >>> contributions, residual = integrated_gradients(lambda texts: tf.reduce_sum(texts**2, axis=(1, 2)), embedded)
    >>> contributions.round(4).tolist(), round(residual, 4)
    ([1.0, 9.0], 0.0)
    """
    total = np.zeros(embedded.shape)
    for points in np.split((np.arange(STEPS) + 0.5) / STEPS, STEPS // CHUNK):
        path = tf.constant(points, tf.float32)[:, None, None] * embedded
        with tf.GradientTape() as tape:
            tape.watch(path)
            path_logits = logits(path)
        total += tape.gradient(path_logits, path).numpy().sum(axis=0)
    contributions = (total / STEPS * embedded.numpy()).sum(axis=-1)
    start, end = logits(tf.stack([0 * embedded, embedded])).numpy()
    return contributions, abs(float(end - start - contributions.sum()))


def ngram_shapley_values(ngrams: NGrams, ids: np.ndarray) -> np.ndarray:
    """Return the Shapley value of each piece in the n-grams' logit, over two orders of the pieces, float64 [pieces].

    A piece's contribution is by how much the logit changes when the piece joins those before it in the order. In one
    order the text grows from its first piece to its last, in the other from its last to its first; the result is the
    mean. So each n-gram counts half for its last piece and half for its first. The contributions add up to the logit
    less that of the empty text. Shapley values proper are the mean over all orders.
    """
    lengths = range(len(ids) + 1)
    prefixes = tf.RaggedTensor.from_row_lengths(np.concatenate([ids[:n] for n in lengths]), lengths)
    suffixes = tf.RaggedTensor.from_row_lengths(np.concatenate([ids[len(ids) - n :] for n in lengths]), lengths)
    forward, backward = (np.diff(ngrams(pad(texts))[:, 0]) for texts in (prefixes, suffixes))
    contributions: np.ndarray = (forward + backward[::-1]) / 2
    return contributions.astype(float)


def occlusion(model: keras.Model, ids: np.ndarray) -> np.ndarray:
    """Return, for each piece, the logit of the text less its logit without that piece, float64 [pieces].

    A text of one piece is compared with the empty text.

    Source:
        Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", there of patches of an image.
    """
    without = np.concatenate([np.delete(ids, n) for n in range(len(ids))])
    texts = tf.RaggedTensor.from_row_lengths(without, [len(ids) - 1] * len(ids))
    whole, occluded = (model(batch, training=False)[:, 0].numpy() for batch in (ids[None], pad(texts)))
    return np.float64(whole) - occluded


def write_attributions(
    path: Path, readings: dict[str, PrefixPredictions], attributions: dict[str, Attribution]
) -> None:
    """Write a table with a row for each piece of each text."""
    rows = [
        [name, piece, float(gradients), float(occluded)]
        for name, (by_gradients, by_occlusion, _) in attributions.items()
        for piece, gradients, occluded in zip(readings[name].pieces, by_gradients, by_occlusion, strict=True)
    ]
    write_table(path, ["text", "piece", "integrated_gradients", "occlusion"], rows)
