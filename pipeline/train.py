"""train: fit the classifier on train, keep the weights that are best on dev."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.metrics import log_loss

from pipeline.adversarial import Adversarial
from pipeline.batches import Batches, dev_batches, encode, training_batches
from pipeline.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from pipeline.config import TrainConfig
from pipeline.errors import UserError
from pipeline.model import build, compile_loops, join, load_pretrained, make_optimizer, positive, save, worth_compiling
from pipeline.ngrams import fit_ngrams
from pipeline.pieces import Pieces
from pipeline.reviews import read_reviews


def train(config: TrainConfig, ingest: Path, tokenize: Path, pretrain: Path, out: Path) -> dict[str, float]:
    """Write `model.keras` and `curves.json` (one value an epoch of each measure on train and dev).

    One seed gives the same weights to the last bit, on one machine and for one number of cores. So does a run that was
    killed: called again on its `out`, it goes on after the last epoch that it finished.

    Returns:
        Accuracy and log loss of the classifier on dev, accuracy of its network alone, the epoch that its weights are
        of, the model's size, and how many pieces of the reviews were learnt from in a second.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    pieces = Pieces(tokenize)
    splits = {name: read_reviews(ingest, name) for name in ("train", "dev")}
    ids = {name: encode(pieces, reviews.texts, config.longest) for name, reviews in splits.items()}
    labels = {name: reviews.labels for name, reviews in splits.items()}
    network = build(config, len(pieces.vocabulary))
    load_pretrained(network, pretrain)
    course = fit(network, config, pieces, ids, labels, out / CHECKPOINT)
    model = network
    if config.ngrams:
        ngrams = fit_ngrams(config.ngrams, pieces.vocabulary, ids["train"], labels["train"])
        model = join(network, ngrams, ids["dev"], labels["dev"])
    save(model, out / "model.keras")
    said = positive(model, ids["dev"])

    curves = {name.replace("val_", "dev_").replace("loss", "log_loss"): row for name, row in course.history.items()}
    (out / "curves.json").write_text(json.dumps(curves, indent=1) + "\n", "utf-8")
    return {
        "dev_accuracy": float(((said >= 0.5) == labels["dev"]).mean()),
        "dev_log_loss": log_loss(labels["dev"], said.astype(float), labels=[0, 1]),
        "dev_network_accuracy": curves["dev_accuracy"][course.best],
        "best_epoch": course.best + 1.0,
        "parameters": float(model.count_params()),
        "pieces_per_second": course.epochs * len(ids["train"].flat_values) / course.seconds,
    }


def fit(
    network: keras.Model,
    config: TrainConfig,
    pieces: Pieces,
    ids: dict[str, tf.RaggedTensor],
    labels: dict[str, np.ndarray],
    checkpoint: Path,
) -> "Course":
    """Fit a network on train, or go on from the checkpoint, and give it the weights that were best on dev.

    Args:
        ids and labels: of the splits train and dev.
    """
    batches = training_batches(ids["train"], labels["train"], config, pieces)
    if worth_compiling(config.epochs * batches.steps, batches.shapes):
        compile_loops(network)
    learner = Adversarial(network, config.adversarial) if config.adversarial else network
    prepare(learner, config, batches)
    course = Course(learner, config.patience, checkpoint)
    learner.fit(
        batches.dataset.skip(course.epochs * batches.steps),
        steps_per_epoch=batches.steps,
        validation_data=dev_batches(ids["dev"], labels["dev"], config),
        initial_epoch=course.epochs,
        epochs=config.epochs,
        shuffle=False,  # the batches are shuffled as they are made
        callbacks=[course],
        verbose=1 if sys.stdout.isatty() else 2,
    )
    copy(course.weights, network.weights)
    compile_loops(network, False)  # what reads dev next has batches of too many shapes
    return course


def prepare(model: keras.Model, config: TrainConfig, batches: Batches) -> None:
    """Give a model its optimizer, loss and measure."""
    model.compile(
        make_optimizer(config, config.epochs * batches.steps),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
        jit_compile=False,  # the loops alone gain by XLA
    )


class Course(keras.callbacks.Callback):
    """A training's course: what was measured, and the weights that were best on dev.

    It ends the training after `patience` epochs without gain on dev, and writes a checkpoint after each other one. If
    there is one already, the model, its optimizer and the course take up its state.

    Attributes:
        history: of each measure, a value an epoch. seconds: that all epochs took to learn.
        weights: of the best epoch, in the order of the model's.
    """

    def __init__(self, model: keras.Model, patience: int, checkpoint: Path) -> None:
        super().__init__()
        self.patience = patience
        self.checkpoint = checkpoint
        self.weights = [keras.Variable(weight.numpy(), trainable=False) for weight in model.weights]
        model.optimizer.build(model.trainable_variables)
        self.state = [*model.variables, *model.optimizer.variables, *self.weights]
        done = load_checkpoint(checkpoint, self.state) or {"history": {}, "seconds": 0.0}
        self.history: dict[str, list[float]] = done["history"]
        self.seconds: float = done["seconds"]

    @property
    def epochs(self) -> int:
        """How many are done."""
        return len(self.history.get("val_accuracy", []))

    @property
    def best(self) -> int:
        """The epoch, from 0, that was best on dev; of equals the first."""
        return max(range(self.epochs), key=self.history["val_accuracy"].__getitem__)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        self.start = time.monotonic()

    def on_test_begin(self, logs: dict[str, Any]) -> None:
        self.seconds += time.monotonic() - self.start

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if not math.isfinite(logs["loss"] + logs["val_loss"]):
            raise UserError(f"train: the loss is {logs['loss']} after epoch {epoch + 1}: too high a learning rate?")
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
        if self.best == epoch:
            copy(self.model.weights, self.weights)
        if epoch - self.best >= self.patience:
            self.model.stop_training = True
        else:
            save_checkpoint(self.checkpoint, self.state, {"history": self.history, "seconds": self.seconds})


def copy(source: list[keras.Variable], target: list[keras.Variable]) -> None:
    for one, other in zip(source, target, strict=True):
        other.assign(one)
