"""train: fit the classifier on train, keep the weights that are best on dev."""

import json
import sys
from pathlib import Path

import keras
import tensorflow as tf

from pipeline.batches import Batches, dev_batches, encode, training_batches
from pipeline.config import TrainConfig
from pipeline.model import build, compile_loops, load_pretrained, save, worth_compiling
from pipeline.pieces import Pieces
from pipeline.reviews import read_reviews


def train(config: TrainConfig, ingest: Path, tokenize: Path, pretrain: Path, out: Path) -> dict[str, float]:
    """Write `model.keras` and `curves.json` (one value an epoch of each measure on train and dev).

    One seed gives the same weights to the last bit, on one machine and for one number of cores.

    Returns:
        Accuracy and log loss on dev of the kept weights, the epoch they are of, and the model's size.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    pieces = Pieces(tokenize)
    splits = {name: read_reviews(ingest, name) for name in ("train", "dev")}
    ids = {name: encode(pieces, reviews.texts, config.longest) for name, reviews in splits.items()}

    batches = training_batches(ids["train"], splits["train"].labels, config, pieces)
    model = build(config, len(pieces.vocabulary))
    load_pretrained(model, pretrain)
    if worth_compiling(config.epochs * batches.steps, batches.shapes):
        compile_loops(model)
    prepare(model, config, batches)
    history = model.fit(
        batches.dataset,
        steps_per_epoch=batches.steps,
        validation_data=dev_batches(ids["dev"], splits["dev"].labels, config),
        epochs=config.epochs,
        shuffle=False,  # the batches are shuffled as they are made
        callbacks=[
            keras.callbacks.EarlyStopping(
                "val_accuracy", mode="max", patience=config.patience, restore_best_weights=True
            )
        ],
        verbose=1 if sys.stdout.isatty() else 2,
    ).history
    save(model, out / "model.keras")

    curves = {name.replace("val_", "dev_").replace("loss", "log_loss"): values for name, values in history.items()}
    (out / "curves.json").write_text(json.dumps(curves, indent=1) + "\n", "utf-8")
    best = max(range(len(curves["dev_accuracy"])), key=lambda epoch: curves["dev_accuracy"][epoch])
    return {
        "dev_accuracy": curves["dev_accuracy"][best],
        "dev_log_loss": curves["dev_log_loss"][best],
        "best_epoch": best + 1.0,
        "parameters": float(model.count_params()),
    }


def prepare(model: keras.Model, config: TrainConfig, batches: Batches) -> None:
    """Give a model its optimizer, loss and measure."""
    decay = keras.optimizers.schedules.PolynomialDecay(
        config.learning_rate, config.epochs * batches.steps, end_learning_rate=0.0
    )
    model.compile(
        keras.optimizers.Adam(decay, global_clipnorm=config.clip_norm),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
        jit_compile=False,  # the loops alone gain by XLA
    )
