"""Attribution: what each piece of a text adds to the logit of positive, by two methods that can check each other."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from pipeline.artifact.tables import write_table
from pipeline.model.classifier import logits_from_embeddings
from pipeline.model.ngrams import NGrams
from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.text.batching import pad

STEPS = 256  # points on the path; maximum pooling makes the gradient jump on the way, which takes many
CHUNK = 32  # of them are read at once: it bounds the memory


class Attribution(NamedTuple):
    """What the pieces of a text add to its logit.

    Attributes:
        integrated_gradients, occlusion: float64 [pieces]; above 0 speaks for positive, below 0 against it.
        residual: what integrated gradients leave unexplained of the logit's way from a text of zero embeddings.
    """

    integrated_gradients: np.ndarray
    occlusion: np.ndarray
    residual: float


def attribute(model: keras.Model, ids: np.ndarray) -> Attribution:
    """The attribution of a text's pieces, by their ids [pieces].

    N-grams have no embeddings: `ngram_shapley_values` attributes their logit. Both are scaled by the weight of their
    logit in the final estimator.
    """
    shares, residual = integrated_gradients(lambda vectors: _logits(model, vectors), model.get_layer("embedding")(ids))
    if "ngrams" in (layer.name for layer in model.layers):
        own, said = model.get_layer("verdict").get_weights()[0][:, 0]
        shares, residual = (
            own * shares + said * ngram_shapley_values(model.get_layer("ngrams"), ids),
            abs(own) * residual,
        )
    return Attribution(shares, occlusion(model, ids), float(residual))


def integrated_gradients(logits: Callable[[tf.Tensor], tf.Tensor], embedded: tf.Tensor) -> tuple[np.ndarray, float]:
    """The gradient of the logit to the embeddings, averaged on the straight line from zero, times the embeddings.

    Args:
        logits: of texts, by the embeddings of their pieces.

    Shapes:
        logits: [batch, pieces, width] -> [batch]. embedded [pieces, width] -> float64 [pieces], and the residual: the
        logit's way from zero embeddings, less the sum of the shares, in size. It would be 0 with infinitely many steps.

    Source:
        Sundararajan et al. 2017, "Axiomatic attribution for deep networks".

    >>> embedded = tf.constant([[1.0], [3.0]])
    >>> shares, residual = integrated_gradients(lambda texts: tf.reduce_sum(texts**2, axis=(1, 2)), embedded)
    >>> shares.round(4).tolist(), round(residual, 4)
    ([1.0, 9.0], 0.0)
    """
    total = np.zeros(embedded.shape)
    for points in np.split((np.arange(STEPS) + 0.5) / STEPS, STEPS // CHUNK):
        path = tf.constant(points, tf.float32)[:, None, None] * embedded
        with tf.GradientTape() as tape:
            tape.watch(path)
            along = logits(path)
        total += tape.gradient(along, path).numpy().sum(axis=0)
    shares = (total / STEPS * embedded.numpy()).sum(axis=-1)
    start, end = logits(tf.stack([0 * embedded, embedded])).numpy()
    return shares, abs(float(end - start - shares.sum()))


def ngram_shapley_values(ngrams: NGrams, ids: np.ndarray) -> np.ndarray:
    """What each piece adds to the logit of the n-grams, the mean of two ways, float64 [pieces].

    One way the text grows from its first piece to its last, the other from its last to its first, so that each n-gram
    counts half for the piece that completes it from the left and half for the one that does from the right. The shares
    add up to the logit, less that of the empty text: they are Shapley values of the two orders alone.
    """
    lengths = range(len(ids) + 1)
    beginnings = tf.RaggedTensor.from_row_lengths(np.concatenate([ids[:n] for n in lengths]), lengths)
    ends = tf.RaggedTensor.from_row_lengths(np.concatenate([ids[len(ids) - n :] for n in lengths]), lengths)
    forward, backward = (np.diff(ngrams(pad(texts))[:, 0]) for texts in (beginnings, ends))
    shares: np.ndarray = (forward + backward[::-1]) / 2
    return shares.astype(float)


def occlusion(model: keras.Model, ids: np.ndarray) -> np.ndarray:
    """The logit of the whole text less its logit without the piece, float64 [pieces].

    A text of one piece is compared with the empty text.

    Source:
        Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", there of patches of an image.
    """
    without = np.concatenate([np.delete(ids, n) for n in range(len(ids))])
    texts = tf.RaggedTensor.from_row_lengths(without, [len(ids) - 1] * len(ids))
    whole, *rest = (model(batch, training=False)[:, 0].numpy() for batch in (ids[None], pad(texts)))
    return np.float64(whole) - np.concatenate(rest)


def _logits(model: keras.Model, vectors: tf.Tensor) -> tf.Tensor:
    """The logit [batch] of vectors [batch, time, width] without padding."""
    return logits_from_embeddings(model, vectors, tf.ones(tf.shape(vectors)[:2], tf.bool))[:, 0]


def write_attributions(
    path: Path, readings: dict[str, PrefixPredictions], attributions: dict[str, Attribution]
) -> None:
    rows = [
        [name, piece, float(gradients), float(occluded)]
        for name, (by_gradients, by_occlusion, _) in attributions.items()
        for piece, gradients, occluded in zip(readings[name].pieces, by_gradients, by_occlusion, strict=True)
    ]
    write_table(path, ["text", "piece", "integrated_gradients", "occlusion"], rows)
