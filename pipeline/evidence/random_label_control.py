"""The control of the labels: a network trained on shuffled ones must end at chance, or something else tells them."""

import keras
import numpy as np
import tensorflow as tf

from pipeline.config.schema import TrainConfig
from pipeline.model.classifier import build_classifier
from pipeline.model.fitting import compile_classifier
from pipeline.model.inference import predict_proba
from pipeline.text.batching import encode
from pipeline.text.reviews import Reviews
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.training_batches import training_batches

SHUFFLES = 3  # one shuffling alone may lean to a side by chance, and a network trained on it then leans with it


def control_labels(
    config: TrainConfig, tokenizer: Tokenizer, train: Reviews, dev: Reviews, budget: int
) -> dict[str, np.ndarray]:
    """Train one epoch on reviews of train drawn by chance, `budget` pieces of them, and read dev.

    Returns:
        How often each review of dev is read rightly after training on "true" labels, which shows what so short a
        training can learn at all, and after training on "shuffled" ones, three shufflings of them [reviews].
    """
    tf.config.experimental.enable_op_determinism()
    ids, of_dev = (encode(tokenizer, reviews.texts, config.max_length) for reviews in (train, dev))
    drawn = np.random.default_rng(config.seed).permutation(len(train))
    rows = drawn[: max(2, int(np.searchsorted(np.cumsum(ids.row_lengths().numpy()[drawn]), budget, side="right")))]

    def read_rightly(labels: np.ndarray) -> np.ndarray:
        keras.utils.set_random_seed(config.seed)
        batches = training_batches(tf.gather(ids, rows), labels, short, tokenizer)
        model = build_classifier(short, len(tokenizer.vocabulary))
        compile_classifier(model, short, batches)
        model.fit(batches.dataset, steps_per_epoch=batches.steps, shuffle=False, verbose=0)
        return (predict_proba(model, of_dev) >= 0.5) == dev.labels

    short, labels = config.model_copy(update={"epochs": 1}), train.labels[rows]
    shuffled = [np.random.default_rng(seed).permutation(labels) for seed in range(SHUFFLES)]
    return {"true": read_rightly(labels), "shuffled": np.mean([read_rightly(labels) for labels in shuffled], axis=0)}
