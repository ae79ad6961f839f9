"""train: fit the classifier on train, keep the weights that are best on dev."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from sklearn.metrics import log_loss

from pipeline.artifact.checkpoint import CHECKPOINT
from pipeline.config.schema import TrainConfig
from pipeline.model.adversarial import Adversarial
from pipeline.model.classifier import build_classifier, stack_with_ngrams
from pipeline.model.fitting import BestWeightsAndResume, assign_weights, compile_classifier
from pipeline.model.inference import predict_proba
from pipeline.model.ngrams import fit_ngrams
from pipeline.model.optimization import compile_loops, worth_compiling
from pipeline.model.pretrained import load_pretrained
from pipeline.model.saving import save
from pipeline.text.batching import encode
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.training_batches import dev_batches, training_batches


def train(config: TrainConfig, ingest: Path, tokenize: Path, pretrain: Path, out: Path) -> dict[str, float]:
    """Write `model.keras` and `curves.json` (accuracy and log loss on train and dev, one value an epoch).

    One seed gives the same weights to the last bit, on one machine and for one number of cores. So does a run that was
    killed: called again on its `out`, it resumes after the last epoch that it finished.

    Returns:
        `dev_accuracy` and `dev_log_loss` of the classifier; `dev_network_accuracy` of its network alone, and the
        `best_epoch`, from 1, that the network's weights are of; the number of `parameters`; and `pieces_per_second`,
        how many pieces of the reviews were learnt from in a second.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    tokenizer = Tokenizer(tokenize)
    splits = {name: read_reviews(ingest, name) for name in ("train", "dev")}
    ids = {name: encode(tokenizer, reviews.texts, config.max_length) for name, reviews in splits.items()}
    labels = {name: reviews.labels for name, reviews in splits.items()}
    network = build_classifier(config, len(tokenizer.vocabulary))
    load_pretrained(network, pretrain)
    fitted = fit(network, config, tokenizer, ids, labels, out / CHECKPOINT)
    model = network
    if config.ngrams:
        ngrams = fit_ngrams(config.ngrams, tokenizer.vocabulary, ids["train"], labels["train"])
        model = stack_with_ngrams(network, ngrams, ids["dev"], labels["dev"])
    save(model, out / "model.keras")
    probabilities = predict_proba(model, ids["dev"])

    curves = {name.replace("val_", "dev_").replace("loss", "log_loss"): row for name, row in fitted.history.items()}
    (out / "curves.json").write_text(json.dumps(curves, indent=1) + "\n", "utf-8")
    return {
        "dev_accuracy": float(((probabilities >= 0.5) == labels["dev"]).mean()),
        "dev_log_loss": log_loss(labels["dev"], probabilities.astype(float), labels=[0, 1]),
        "dev_network_accuracy": curves["dev_accuracy"][fitted.best_epoch],
        "best_epoch": fitted.best_epoch + 1.0,
        "parameters": float(model.count_params()),
        "pieces_per_second": fitted.finished_epochs * len(ids["train"].flat_values) / fitted.seconds,
    }


def fit(
    network: keras.Model,
    config: TrainConfig,
    tokenizer: Tokenizer,
    ids: dict[str, tf.RaggedTensor],
    labels: dict[str, np.ndarray],
    checkpoint: Path,
) -> BestWeightsAndResume:
    """Fit a network on train, from the checkpoint if there is one, and give it the weights that were best on dev.

    Args:
        ids: of the splits train and dev, each [reviews, (pieces)].
        labels: of the same [reviews].
    """
    batches = training_batches(ids["train"], labels["train"], config, tokenizer)
    if worth_compiling(config.epochs * batches.steps, batches.shapes):
        compile_loops(network)
    model = Adversarial(network, config.adversarial_epsilon) if config.adversarial_epsilon else network
    compile_classifier(model, config, batches)
    callback = BestWeightsAndResume(model, config.patience, checkpoint)
    callback.resume()
    model.fit(
        batches.dataset.skip(callback.finished_epochs * batches.steps),
        steps_per_epoch=batches.steps,
        validation_data=dev_batches(ids["dev"], labels["dev"], config),
        initial_epoch=callback.finished_epochs,
        epochs=config.epochs,
        shuffle=False,  # the batches are shuffled as they are made
        callbacks=[callback],
        verbose=1 if sys.stdout.isatty() else 2,
    )
    assign_weights(callback.best_weights, network.weights)
    compile_loops(network, False)  # what predicts dev next has batches of too many shapes
    return callback
