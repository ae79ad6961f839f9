"""The control of the labels: a network trained on shuffled ones must end near guessing, or something else tells them.

Source:
    Zhang et al. 2017, "Understanding deep learning requires rethinking generalization": there on images.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement
from pipeline.model.classifier import build_classifier
from pipeline.model.fitting import compile_classifier
from pipeline.model.inference import predict_proba
from pipeline.text.batching import encode
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.training_batches import training_batches


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure accuracy on dev after a short training on true labels and on shuffled ones; nothing for no pieces."""
    if not context.config.control_pieces:
        return []
    with restored(context):
        correct = train_on_labels(context)
    return [Measurement(f"control_{labels}_labels_accuracy", {"model": of}) for labels, of in correct.items()]


def train_on_labels(context: EvaluationContext) -> dict[str, np.ndarray]:
    """Train one epoch on `control_pieces` pieces of reviews of train, drawn at random, and predict dev.

    Returns:
        How often each review of dev is predicted correctly after training on "true" labels, which shows what so short
        a training can learn at all, and after training on "shuffled" ones, the mean of several shufflings [reviews].
    """
    config, tokenizer, dev = context.trained, context.tokenizer, context.dev
    tf.config.experimental.enable_op_determinism()
    ids, of_dev = (encode(tokenizer, reviews.texts, config.max_length) for reviews in (context.train, dev))
    drawn = np.random.default_rng(config.seed).permutation(len(context.train))
    pieces = np.cumsum(ids.row_lengths().numpy()[drawn])
    rows = drawn[: max(2, int(np.searchsorted(pieces, context.config.control_pieces, side="right")))]
    short, true = config.model_copy(update={"epochs": 1}), context.train.labels[rows]

    def correct_after(labels: np.ndarray) -> np.ndarray:
        keras.utils.set_random_seed(config.seed)
        batches = training_batches(tf.gather(ids, rows), labels, short, tokenizer)
        model = build_classifier(short, len(tokenizer.vocabulary))
        compile_classifier(model, short, batches)
        model.fit(batches.dataset, steps_per_epoch=batches.steps, shuffle=False, verbose=0)
        return (predict_proba(model, of_dev) >= 0.5) == dev.labels

    shuffles = [np.random.default_rng(seed).permutation(true) for seed in range(context.config.control_shuffles)]
    return {"true": correct_after(true), "shuffled": np.mean([correct_after(labels) for labels in shuffles], axis=0)}


@contextmanager
def restored(context: EvaluationContext) -> Iterator[None]:
    """Restore what a new seed disturbs: random states and the tokenizer, whose model TensorFlow drops with its kernels.

    Deterministic ops stay on: they change no prediction.
    """
    state, of_numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(of_numpy)
        context.tokenizer.op = Tokenizer(context.tokenize).op
