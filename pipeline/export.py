"""export: the classifier as a SavedModel that takes raw text, proven in a fresh process, with a model card."""

import time
from pathlib import Path

import numpy as np

from pipeline.artifact.manifest import read_manifest
from pipeline.config.schema import ExportConfig, TrainConfig
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.serving.explanation import Explanation, write_saved_model
from pipeline.serving.graph import Serving
from pipeline.serving.model_card import write_card
from pipeline.serving.saved_model import predict_all
from pipeline.serving.warm_up import choose_requests, write_requests
from pipeline.support.errors import UserError
from pipeline.support.spawned_process import spawned_process
from pipeline.text.batching import encode
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer


def export(
    config: ExportConfig, ingest: Path, tokenize: Path, pretrain: Path, train: Path, evaluate: Path, out: Path
) -> dict[str, float]:
    """Write `saved_model/<version>/`, with requests to warm up by, and `MODEL_CARD.md`.

    The version is the time in seconds since 1970: a later export has a higher version, as TensorFlow Serving requires.

    Returns:
        `compared_texts`: how many test reviews both the Keras model and the SavedModel, loaded in a fresh process, have
        predicted; and `largest_difference` between their probabilities.

    Raises:
        UserError: if that difference is above the tolerance, or the two predict different labels for a review.
    """
    tokenizer, model = Tokenizer(tokenize), load(train)
    trained = read_manifest(train)
    max_length = TrainConfig.model_validate(trained.config).max_length
    version = out / "saved_model" / str(int(time.time()))
    serving = Serving(tokenizer, model, max_length)
    write_saved_model(serving, Explanation(serving, model), version)

    texts = read_reviews(ingest, "test").texts[: config.compared_texts]
    write_requests(version, trained.data, choose_requests(texts))
    expected = predict_proba(model, encode(tokenizer, texts, max_length))
    with spawned_process() as fresh:
        served = np.array(fresh.submit(predict_all, out, [text.encode() for text in texts]).result())
    difference = float(np.abs(served - expected).max())
    relabelled = int(((served >= 0.5) != (expected >= 0.5)).sum())
    if difference > config.tolerance or relabelled:
        raise UserError(
            f"{version}: predicts another label than the Keras model for {relabelled} of {len(texts)} texts; "
            f"the largest difference in probability is {difference:.1e}; allowed: 0 texts, {config.tolerance:.0e}"
        )
    write_card(out / "MODEL_CARD.md", ingest, pretrain, train, evaluate)
    return {"compared_texts": float(len(texts)), "largest_difference": difference}
