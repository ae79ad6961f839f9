"""How pretrain learns, whatever its objective: by a sampled softmax over what the network says of pieces to come."""

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
CHECKPOINT_EVERY = 1000  # steps, some two minutes of work: no more is lost by a kill
LOG_EVERY = 200  # steps, in a log
UNIGRAM_POWER = 0.75  # the power of its share by which a piece is drawn: rare ones oftener (Mikolov et al. 2013)


def fit(config: PretrainConfig, texts: list[str], dev: list[str], tokenize: Path, out: Path) -> dict[str, Any]:
    """Learn from texts, or go on from the checkpoint in `out`, and write `pretrained.npz` there.

    Returns:
        `curves`: each measure after each epoch, by name; how many `pieces` were read, and in how many `seconds`.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    tokenizer = Tokenizer(tokenize)
    ids, of_dev = (encode(tokenizer, some, config.max_length) for some in (texts, dev))
    batches = ResumableBatches(ids, config.max_length, config.max_tokens_per_batch, config.seed)
    steps = config.epochs * batches.steps
    compiled = worth_compiling(steps, batches.shapes)
    unigram_probabilities = unigram_distribution(ids, len(tokenizer.vocabulary))

    assert config.network, "an objective is learnt for a network"
    model = OBJECTIVES[config.objective](config.network, unigram_probabilities, config.dropout)
    model.predict_pieces(tf.zeros((1, 1), tf.int32))  # makes its weights
    measure = make_evaluator(model, compiled)
    if compiled:
        compile_loops(model)
    optimizer = make_optimizer(config, steps)
    train_step = make_train_step(model, optimizer, unigram_probabilities, config, compiled)

    state = [*model.variables, *optimizer.variables]
    progress = load_checkpoint(out / CHECKPOINT, state) or {
        "step": 0,
        "log_loss": 0.0,
        "curves": {},
        "pieces": 0,
        "seconds": 0.0,
    }
    while progress["step"] < steps:
        epoch, first = divmod(progress["step"], batches.steps)
        tell = make_progress_logger(f"epoch {epoch + 1}/{config.epochs}", batches.steps)
        for number, batch in enumerate(batches.epoch(epoch, first), start=first + 1):
            start = time.monotonic()
            progress["log_loss"] += train_step(batch, progress["step"]) / batches.steps
            progress["step"] += 1
            progress["pieces"] += int(np.count_nonzero(batch))
            progress["seconds"] += time.monotonic() - start
            tell(number, progress)
            if number % CHECKPOINT_EVERY == 0 and number < batches.steps:  # an epoch is kept when it is measured too
                save_checkpoint(out / CHECKPOINT, state, progress)
        if not math.isfinite(progress["log_loss"]):
            raise UserError(
                f"pretrain: the log loss is {progress['log_loss']} in epoch {epoch + 1}: too high a learning rate?"
            )
        measured = {"log_loss": progress["log_loss"], **measure(of_dev, config.max_tokens_per_batch)}
        for name, value in measured.items():
            progress["curves"].setdefault(name, []).append(value)
        progress["log_loss"] = 0.0
        save_checkpoint(out / CHECKPOINT, state, progress)
        print(", ".join(f"{name} {value:.4g}" for name, value in measured.items()), flush=True)
    save_pretrained(model, out)
    return progress


def unigram_distribution(ids: tf.RaggedTensor, vocabulary: int) -> np.ndarray:
    """How often each piece comes, and a text's end, which stands where padding does; never 0 [vocabulary]."""
    counts = np.bincount(ids.flat_values.numpy(), minlength=vocabulary) + 1
    counts[PADDING] += ids.nrows()
    return counts / counts.sum()


def make_train_step(
    model: Objective,
    optimizer: keras.optimizers.Optimizer,
    unigram_probabilities: np.ndarray,
    config: PretrainConfig,
    compiled: bool,
) -> Callable[[np.ndarray, int], float]:
    """A function that learns from a batch, ids [batch, time], at a step, and gives the loss before it did."""
    weights = model.trainable_variables
    optimizer.build(weights)
    update = jit(lambda gradients: optimizer.apply(gradients, weights), compiled)  # one pass over all weights
    drawn = unigram_probabilities**UNIGRAM_POWER / (unigram_probabilities**UNIGRAM_POWER).sum()
    log_expected = tf.constant(np.log(config.negatives * drawn), tf.float32)

    @tf.function(input_signature=[IDS, tf.TensorSpec((None,), tf.int32)], autograph=False)
    def step(ids: tf.Tensor, pieces: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            negatives = Negatives(pieces, model.embedding(pieces), log_expected)
            predicted = model.predict_pieces(ids, training=True).values()
            loss = tf.reduce_mean([sampled_softmax_loss(one, negatives, compiled) for one in predicted])
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        update([tf.convert_to_tensor(gradient) for gradient in gradients])
        return loss

    def train_step(batch: np.ndarray, number: int) -> float:
        chance = np.random.default_rng((config.seed, number))  # so that a training can go on at any step
        pieces = np.searchsorted(np.cumsum(drawn), chance.random(config.negatives))
        return float(step(tf.constant(batch), tf.constant(pieces, tf.int32)))

    return train_step


def make_progress_logger(what: str, steps: int) -> Callable[[int, dict[str, Any]], None]:
    """A function that tells of a step: on a terminal by a bar, in a log by a line now and then."""
    bar = keras.utils.Progbar(steps) if sys.stdout.isatty() else None

    def tell(number: int, progress: dict[str, Any]) -> None:
        loss = progress["log_loss"] * steps / number
        speed = progress["pieces"] / progress["seconds"]
        if bar:
            bar.update(number, [("log_loss", loss), ("pieces_per_second", speed)])
        elif number % LOG_EVERY == 0 or number == steps:
            print(f"{what}, step {number}/{steps}: log_loss {loss:.4f}, {speed:.0f} pieces/s", flush=True)

    return tell
