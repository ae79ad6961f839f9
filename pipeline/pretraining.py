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

from pipeline.batches import batches_in_order, encode
from pipeline.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from pipeline.config import PretrainConfig
from pipeline.errors import UserError
from pipeline.language_model import LanguageModel
from pipeline.loop import jit
from pipeline.model import compile_loops, make_optimizer, save_pretrained, worth_compiling
from pipeline.objective import Objective
from pipeline.pieces import Pieces
from pipeline.seq2seq import Seq2Seq
from pipeline.shuffled import Shuffled
from pipeline.tied_softmax import ROWS, Negatives, Rows, sampled_log_loss, whole_log_loss
from pipeline.tokenize import PADDING

OBJECTIVES = {"language_model": LanguageModel, "seq2seq": Seq2Seq}
KEPT_EVERY = 1000  # steps, some two minutes of work: no more is lost by a kill
SAID_EVERY = 200  # steps, in a log
FLATTENED = 0.75  # the power of its share by which a piece is drawn: rare ones oftener (Mikolov et al. 2013)

IDS = tf.TensorSpec((None, None), tf.int32)


def learn(config: PretrainConfig, texts: list[str], dev: list[str], tokenize: Path, out: Path) -> dict[str, Any]:
    """Learn from texts, or go on from the checkpoint in `out`, and write `pretrained.npz` there.

    Returns:
        `curves`: each measure after each epoch, by name; how many `pieces` were read, and in how many `seconds`.
    """
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    pieces = Pieces(tokenize)
    ids, of_dev = (encode(pieces, some, config.longest) for some in (texts, dev))
    batches = Shuffled(ids, config.longest, config.batch_pieces, config.seed)
    steps = config.epochs * batches.steps
    compiled = worth_compiling(steps, batches.shapes)
    shares = piece_shares(ids, len(pieces.vocabulary))

    assert config.network, "an objective is learnt for a network"
    model = OBJECTIVES[config.objective](config.network, shares, config.dropout)
    model.predict_pieces(tf.zeros((1, 1), tf.int32))  # makes its weights
    measure = measurer(model, compiled)
    if compiled:
        compile_loops(model)
    optimizer = make_optimizer(config, steps)
    learn_from = learner(model, optimizer, shares, config, compiled)

    state = [*model.variables, *optimizer.variables]
    done = load_checkpoint(out / CHECKPOINT, state) or {
        "step": 0,
        "log_loss": 0.0,
        "curves": {},
        "pieces": 0,
        "seconds": 0.0,
    }
    while done["step"] < steps:
        epoch, first = divmod(done["step"], batches.steps)
        tell = teller(f"epoch {epoch + 1}/{config.epochs}", batches.steps)
        for number, batch in enumerate(batches.epoch(epoch, first), start=first + 1):
            start = time.monotonic()
            done["log_loss"] += learn_from(batch, done["step"]) / batches.steps
            done["step"] += 1
            done["pieces"] += int(np.count_nonzero(batch))
            done["seconds"] += time.monotonic() - start
            tell(number, done)
            if number % KEPT_EVERY == 0 and number < batches.steps:  # an epoch is kept when it is measured too
                save_checkpoint(out / CHECKPOINT, state, done)
        if not math.isfinite(done["log_loss"]):
            raise UserError(
                f"pretrain: the log loss is {done['log_loss']} in epoch {epoch + 1}: too high a learning rate?"
            )
        measured = {"log_loss": done["log_loss"], **measure(of_dev, config.batch_pieces)}
        for name, value in measured.items():
            done["curves"].setdefault(name, []).append(value)
        done["log_loss"] = 0.0
        save_checkpoint(out / CHECKPOINT, state, done)
        print(", ".join(f"{name} {value:.4g}" for name, value in measured.items()), flush=True)
    save_pretrained(model, out)
    return done


def piece_shares(ids: tf.RaggedTensor, vocabulary: int) -> np.ndarray:
    """How often each piece comes, and a text's end, which stands where padding does; never 0 [vocabulary]."""
    counts = np.bincount(ids.flat_values.numpy(), minlength=vocabulary) + 1
    counts[PADDING] += ids.nrows()
    return counts / counts.sum()


def learner(
    model: Objective,
    optimizer: keras.optimizers.Optimizer,
    shares: np.ndarray,
    config: PretrainConfig,
    compiled: bool,
) -> Callable[[np.ndarray, int], float]:
    """A function that learns from a batch, ids [batch, time], at a step, and gives the loss before it did."""
    weights = model.trainable_variables
    optimizer.build(weights)
    update = jit(lambda gradients: optimizer.apply(gradients, weights), compiled)  # one pass over all weights
    drawn = shares**FLATTENED / (shares**FLATTENED).sum()
    log_expected = tf.constant(np.log(config.negatives * drawn), tf.float32)

    @tf.function(input_signature=[IDS, tf.TensorSpec((None,), tf.int32)], autograph=False)
    def step(ids: tf.Tensor, pieces: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            negatives = Negatives(pieces, model.embedding(pieces), log_expected)
            predicted = model.predict_pieces(ids, training=True).values()
            loss = tf.reduce_mean([sampled_log_loss(one, negatives, compiled) for one in predicted])
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        update([tf.convert_to_tensor(gradient) for gradient in gradients])
        return loss

    def learn_from(batch: np.ndarray, number: int) -> float:
        chance = np.random.default_rng((config.seed, number))  # so that a training can go on at any step
        pieces = np.searchsorted(np.cumsum(drawn), chance.random(config.negatives))
        return float(step(tf.constant(batch), tf.constant(pieces, tf.int32)))

    return learn_from


def measurer(model: Objective, compiled: bool) -> Callable[[tf.RaggedTensor, int], dict[str, float]]:
    """A function that measures what a model says of texts, ids [texts, (pieces)], in batches of so many pieces.

    Perplexity is the exponential of the mean of -log p over all pieces that are predicted, over all directions and for
    each alone; accuracy is the share of those that are the likeliest.
    """
    # Traced before the loops are compiled: XLA would compile them for each of the many shapes that there are here.
    read = tf.function(
        lambda ids: {name: one.rows() for name, one in model.predict_pieces(ids).items()}, input_signature=[IDS]
    ).get_concrete_function()
    whole = jit(whole_log_loss, compiled)

    def measure(ids: tf.RaggedTensor, batch_pieces: int) -> dict[str, float]:
        vectors = model.embedding(tf.range(model.vocabulary))
        sums = {name: np.zeros(3) for name in model.softmaxes}
        for _, batch in batches_in_order(ids, batch_pieces):
            for name, rows in read(batch).items():
                bias = tf.convert_to_tensor(model.softmaxes[name].bias.value)
                for first in range(0, len(rows.pieces), ROWS):
                    part = Rows(*(values[first : first + ROWS] for values in rows))
                    loss, right = whole(part, vectors, bias)
                    sums[name] += (float(loss), float(right), float(tf.reduce_sum(part.weights)))
        loss, right, count = np.sum(list(sums.values()), axis=0)
        measured = {"dev_perplexity": perplexity(loss, count), "dev_piece_accuracy": float(right / count)}
        if len(sums) > 1:
            measured |= {f"dev_{name}_perplexity": perplexity(loss, count) for name, (loss, _, count) in sums.items()}
        return measured | model.measure(ids)

    return measure


def perplexity(loss: float, count: float) -> float:
    """Of so many pieces with that sum of -log p; infinite where it is too large for a number.

    >>> perplexity(0.0, 2), perplexity(1e6, 2)
    (1.0, inf)
    """
    with np.errstate(over="ignore"):
        return float(np.exp(loss / count))


def teller(what: str, steps: int) -> Callable[[int, dict[str, Any]], None]:
    """A function that tells of a step: on a terminal by a bar, in a log by a line now and then."""
    bar = keras.utils.Progbar(steps) if sys.stdout.isatty() else None

    def tell(number: int, done: dict[str, Any]) -> None:
        loss = done["log_loss"] * steps / number
        speed = done["pieces"] / done["seconds"]
        if bar:
            bar.update(number, [("log_loss", loss), ("pieces_per_second", speed)])
        elif number % SAID_EVERY == 0 or number == steps:
            print(f"{what}, step {number}/{steps}: log_loss {loss:.4f}, {speed:.0f} pieces/s", flush=True)

    return tell
