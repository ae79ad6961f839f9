"""Fit a classifier: compile it, keep the best weights on dev, resume after a kill."""

import math
import time
from pathlib import Path
from typing import Any

import keras

from pipeline.artifact.checkpoint import load_checkpoint, save_checkpoint
from pipeline.config.schema import TrainConfig
from pipeline.model.optimization import make_optimizer
from pipeline.support.errors import UserError
from pipeline.text.batching import Batches


def compile_classifier(model: keras.Model, config: TrainConfig, batches: Batches) -> None:
    """Give a model its optimizer, its loss and the metric "accuracy"."""
    model.compile(
        make_optimizer(config, config.epochs * batches.steps),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
        jit_compile=False,  # the loops alone gain by XLA
    )


class BestWeightsAndResume(keras.callbacks.Callback):
    """Keep the weights of the epoch that is best on dev, stop early, and write a checkpoint after each epoch.

    It is what Keras's EarlyStopping and BackupAndRestore do together; but the checkpoint is atomic, and holds the best
    weights and the history too. A fit ends after `patience` epochs without gain on dev.

    Args:
        model: compiled, with the weights that it starts from.
        checkpoint: the file to write after each epoch, but for one that stops the fit early.

    Attributes:
        history: the values of each metric, one an epoch.
        seconds: how long all epochs took to learn, without what dev takes.
        best_weights: those of the best epoch, in the order of `model.weights`.
    """

    def __init__(self, model: keras.Model, patience: int, checkpoint: Path) -> None:
        super().__init__()
        self.patience = patience
        self.checkpoint = checkpoint
        self.history: dict[str, list[float]] = {}
        self.seconds = 0.0
        self.best_weights = [keras.Variable(weight.numpy(), trainable=False) for weight in model.weights]
        model.optimizer.build(model.trainable_variables)
        self.state = [*model.variables, *model.optimizer.variables, *self.best_weights]

    def resume(self) -> None:
        """Give the model, its optimizer and this callback the state of the checkpoint, if there is one."""
        if progress := load_checkpoint(self.checkpoint, self.state):
            self.history, self.seconds = progress["history"], progress["seconds"]

    @property
    def finished_epochs(self) -> int:
        """Return how many epochs are finished."""
        return len(self.history.get("val_accuracy", []))

    @property
    def best_epoch(self) -> int:
        """Return the epoch, from 0, with the highest accuracy on dev; of equals the first."""
        return max(range(self.finished_epochs), key=self.history["val_accuracy"].__getitem__)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        self.start = time.monotonic()

    def on_test_begin(self, logs: dict[str, Any]) -> None:
        self.seconds += time.monotonic() - self.start

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if not math.isfinite(logs["loss"] + logs["val_loss"]):
            raise UserError(f"train: the loss is {logs['loss']} after epoch {epoch + 1}: too high a learning rate?")
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
        if self.best_epoch == epoch:
            assign_weights(self.model.weights, self.best_weights)
        if epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True
        else:
            save_checkpoint(self.checkpoint, self.state, {"history": self.history, "seconds": self.seconds})


def assign_weights(source: list[keras.Variable], target: list[keras.Variable]) -> None:
    """Assign the values of some variables to others, in order."""
    for one, other in zip(source, target, strict=True):
        other.assign(one)
