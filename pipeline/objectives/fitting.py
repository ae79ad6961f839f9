"""Fit a pretraining objective by a sampled softmax, with a checkpoint to resume from."""

import math
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypedDict, cast

import keras
import numpy as np
import tensorflow as tf

from pipeline.artifact.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from pipeline.config.schema import PretrainConfig
from pipeline.layers.xla import jit
from pipeline.model.optimization import compile_loops, make_optimizer, worth_compiling
from pipeline.model.pretrained import save_pretrained
from pipeline.objectives.language_model import LanguageModel
from pipeline.objectives.measuring import make_evaluator
from pipeline.objectives.objective import IDS, Objective
from pipeline.objectives.resumable_batches import ResumableBatches
from pipeline.objectives.seq2seq import Seq2Seq
from pipeline.objectives.tied_softmax import Negatives, sampled_softmax_loss
from pipeline.support.errors import UserError
from pipeline.text.batching import encode
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import PADDING

OBJECTIVES = {"language_model": LanguageModel, "seq2seq": Seq2Seq}
CHECKPOINT_EVERY = 1000  # steps, some two minutes of work: the most that a killed run loses
LOG_EVERY = 200  # steps, where standard output is no terminal

TrainStep = Callable[[np.ndarray, int], float]  # ids [batch, time] and the number of the step -> loss


class Progress(TypedDict):
    """The state of a training that a checkpoint holds beside the weights.

    `step` counts the steps done, `log_loss` is the mean of the current epoch so far, `curves` has a value for each
    epoch by metric, `pieces` counts the pieces trained on, and `seconds` is the time that the steps took.
    """

    step: int
    log_loss: float
    curves: dict[str, list[float]]
    pieces: int
    seconds: float


def fit(config: PretrainConfig, texts: list[str], dev: list[str], tokenize: Path, out: Path) -> Progress:
    """Train an objective on texts, resuming from the checkpoint in `out`, and write `pretrained.npz` there.

    Raises:
        UserError: if the loss is no longer finite.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    tokenizer = Tokenizer(tokenize)
    train_ids, dev_ids = (encode(tokenizer, split, config.max_length) for split in (texts, dev))
    batches = ResumableBatches(train_ids, config.max_length, config.max_tokens_per_batch, config.seed)
    steps = config.epochs * batches.steps
    compiled = worth_compiling(steps, batches.shapes)
    unigram_probabilities = unigram_distribution(train_ids, len(tokenizer.vocabulary))

    model = build_objective(config, unigram_probabilities)
    evaluate = make_evaluator(model, compiled)
    if compiled:
        compile_loops(model)
    optimizer = make_optimizer(config, steps)
    train_step = make_train_step(model, optimizer, unigram_probabilities, config, compiled)

    checkpoint, variables = out / CHECKPOINT, [*model.variables, *optimizer.variables]
    save = partial(save_checkpoint, checkpoint, variables)
    progress = cast(Progress | None, load_checkpoint(checkpoint, variables)) or new_progress()
    while progress["step"] < steps:
        train_epoch(progress, batches, train_step, config.epochs, save)
        finish_epoch(progress, evaluate(dev_ids, config.max_tokens_per_batch), save)
    save_pretrained(model, out)
    return progress


def unigram_distribution(ids: tf.RaggedTensor, vocabulary: int) -> np.ndarray:
    """Return the relative frequency of each piece [vocabulary], smoothed by one so that none is 0.

    Each text's end counts as a padding piece, since padding stands for it.
    """
    counts = np.bincount(ids.flat_values.numpy(), minlength=vocabulary) + 1
    counts[PADDING] += ids.nrows()
    return counts / counts.sum()


def negative_distribution(unigram_probabilities: np.ndarray, power: float) -> np.ndarray:
    """Return the probabilities that negatives are sampled with [vocabulary]: unigram probability ** power, normalised.

    >>> negative_distribution(np.array([0.64, 0.36]), 0.5).round(3)
    array([0.571, 0.429])
    """
    scaled = unigram_probabilities**power
    return scaled / scaled.sum()


def build_objective(config: PretrainConfig, unigram_probabilities: np.ndarray) -> Objective:
    """Return the configured objective with all its weights made: unigram probabilities [vocabulary]."""
    assert config.network, "an objective needs a network"
    model = OBJECTIVES[config.objective](config.network, unigram_probabilities, config.dropout)
    model.predict_pieces(tf.zeros((1, 1), tf.int32))  # Keras makes weights at the first call
    return model


def make_train_step(
    model: Objective,
    optimizer: keras.optimizers.Optimizer,
    unigram_probabilities: np.ndarray,
    config: PretrainConfig,
    compiled: bool,
) -> TrainStep:
    """Return a function that updates the weights by one batch, and returns the loss before the update.

    The negatives of a step follow from seed and number of the step, so that a training can resume at any step.
    """
    weights = model.trainable_variables
    optimizer.build(weights)
    update = jit(lambda gradients: optimizer.apply(gradients, weights), compiled)  # one pass over all weights
    probabilities = negative_distribution(unigram_probabilities, config.unigram_power)
    cumulative = np.cumsum(probabilities)
    log_expected = tf.constant(np.log(config.negatives * probabilities), tf.float32)

    @tf.function(input_signature=[IDS, tf.TensorSpec((None,), tf.int32)], autograph=False)
    def step(ids: tf.Tensor, pieces: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            negatives = Negatives(pieces, model.embedding(pieces), log_expected)
            predictions = model.predict_pieces(ids, training=True).values()
            loss = tf.reduce_mean([sampled_softmax_loss(one, negatives, compiled) for one in predictions])
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        update([tf.convert_to_tensor(gradient) for gradient in gradients])
        return loss

    def train_step(batch: np.ndarray, number: int) -> float:
        rng = np.random.default_rng((config.seed, number))
        pieces = np.searchsorted(cumulative, rng.random(config.negatives))
        return float(step(tf.constant(batch), tf.constant(pieces, tf.int32)))

    return train_step


def new_progress() -> Progress:
    return {"step": 0, "log_loss": 0.0, "curves": {}, "pieces": 0, "seconds": 0.0}


def train_epoch(
    progress: Progress,
    batches: ResumableBatches,
    train_step: TrainStep,
    epochs: int,
    save: Callable[[Progress], None],
) -> None:
    """Train to the end of the epoch that `progress` is in, updating it and saving every `CHECKPOINT_EVERY` steps.

    Raises:
        UserError: if the loss is not finite.
    """
    epoch, first = divmod(progress["step"], batches.steps)
    log = make_progress_logger(f"epoch {epoch + 1}/{epochs}", batches.steps)
    for number, batch in enumerate(batches.epoch(epoch, first), start=first + 1):
        start = time.monotonic()
        progress["log_loss"] += train_step(batch, progress["step"]) / batches.steps
        progress["step"] += 1
        progress["pieces"] += int(np.count_nonzero(batch))
        progress["seconds"] += time.monotonic() - start
        log(number, progress)
        if number % CHECKPOINT_EVERY == 0 and number < batches.steps:  # the last step is saved with dev's metrics
            save(progress)
    if not math.isfinite(progress["log_loss"]):
        raise UserError(
            f"pretrain: the log loss is {progress['log_loss']} in epoch {epoch + 1}: too high a learning rate?"
        )


def finish_epoch(progress: Progress, dev_metrics: dict[str, float], save: Callable[[Progress], None]) -> None:
    """Append an epoch's metrics to the curves, save a checkpoint and print them."""
    metrics = {"log_loss": progress["log_loss"], **dev_metrics}
    for name, value in metrics.items():
        progress["curves"].setdefault(name, []).append(value)
    progress["log_loss"] = 0.0
    save(progress)
    print(", ".join(f"{name} {value:.4g}" for name, value in metrics.items()), flush=True)


def make_progress_logger(title: str, steps: int) -> Callable[[int, Progress], None]:
    """Return a function that shows the loss after a step: by a bar on a terminal, else by a line now and then."""
    bar = keras.utils.Progbar(steps) if sys.stdout.isatty() else None

    def log(number: int, progress: Progress) -> None:
        loss = progress["log_loss"] * steps / number
        speed = progress["pieces"] / progress["seconds"]
        if bar:
            bar.update(number, [("log_loss", loss), ("pieces_per_second", speed)])
        elif number % LOG_EVERY == 0 or number == steps:
            print(f"{title}, step {number}/{steps}: log_loss {loss:.4f}, {speed:.0f} pieces/s", flush=True)

    return log
