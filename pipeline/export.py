"""export: the classifier as a SavedModel that takes raw text, proven in a fresh process, with a model card."""

import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.batches import encode, pad
from pipeline.card import write_card
from pipeline.config import ExportConfig
from pipeline.errors import UserError
from pipeline.fresh import fresh_process
from pipeline.manifest import read_manifest
from pipeline.model import load, positive
from pipeline.pieces import Pieces
from pipeline.predict import predict_all
from pipeline.reviews import read_reviews


class Serving(tf.Module):
    """Raw texts in, probabilities out: the tokenizer and the classifier in one graph."""

    def __init__(self, pieces: Pieces, model: keras.Model, longest: int) -> None:
        super().__init__()
        self.tokenizer, self.model, self.longest = pieces.tokenizer, model, longest

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = self.tokenizer.tokenize(text)[:, -self.longest :]
        return {"positive": tf.sigmoid(self.model(pad(ids), training=False)[:, 0])}


def export(
    config: ExportConfig, ingest: Path, tokenize: Path, pretrain: Path, train: Path, evaluate: Path, out: Path
) -> dict[str, float]:
    """Write `saved_model/<version>/` and `MODEL_CARD.md`.

    The version is the time in seconds since 1970: a later export is a higher version, as TensorFlow Serving asks.

    Returns:
        How many test reviews the SavedModel, loaded in a fresh process, and the Keras model both read, and the
        largest difference between their probabilities.

    Raises:
        UserError: if that difference is above the tolerance, or a review is labelled otherwise.
    """
    pieces, model = Pieces(tokenize), load(train)
    longest = read_manifest(train).config["longest"]
    version = out / "saved_model" / str(int(time.time()))
    tf.saved_model.save(Serving(pieces, model, longest), str(version))

    texts = read_reviews(ingest, "test").texts[: config.compared_texts]
    expected = positive(model, encode(pieces, texts, longest))
    with fresh_process() as fresh:
        served = np.array(fresh.submit(predict_all, out, [text.encode() for text in texts]).result())
    difference = float(np.abs(served - expected).max())
    relabelled = int(((served >= 0.5) != (expected >= 0.5)).sum())
    if difference > config.tolerance or relabelled:
        raise UserError(
            f"{version}: reads {relabelled} of {len(texts)} texts otherwise than the Keras model, "
            f"the largest difference is {difference:.1e}, allowed are 0 and {config.tolerance:.0e}"
        )
    write_card(out / "MODEL_CARD.md", ingest, pretrain, train, evaluate)
    return {"compared_texts": float(len(texts)), "largest_difference": difference}
