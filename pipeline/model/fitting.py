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
    """Give a model its optimizer, loss and measure."""
    model.compile(
        make_optimizer(config, config.epochs * batches.steps),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
        jit_compile=False,  # the loops alone gain by XLA
    )


class BestWeightsAndResume(keras.callbacks.Callback):
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
            assign_weights(self.model.weights, self.weights)
        if epoch - self.best >= self.patience:
            self.model.stop_training = True
        else:
            save_checkpoint(self.checkpoint, self.state, {"history": self.history, "seconds": self.seconds})


def assign_weights(source: list[keras.Variable], target: list[keras.Variable]) -> None:
    for one, other in zip(source, target, strict=True):
        other.assign(one)
