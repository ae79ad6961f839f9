"""Predict with an exported SavedModel. That needs TensorFlow and TensorFlow Text, and nothing else."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from pipeline.support.silenced_stderr import silenced_stderr

BATCH = 256  # texts read at once: bounds the memory, however many lines there are


def predict_all(export: Path, texts: list[bytes]) -> list[float]:
    """The probability of positive for each UTF-8 text."""
    serve = load_serving(export)
    return [p for batch in batches(texts) for p in serve(batch)]


def batches(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    waiting = iter(texts)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def load_serving(export: Path) -> Callable[[list[bytes]], list[float]]:
    """The newest model of an `export` artifact: UTF-8 texts -> the probability of positive for each."""
    with silenced_stderr():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops that the model is made of

    newest = max((export / "saved_model").iterdir(), key=lambda version: int(version.name))
    model = tf.saved_model.load(str(newest))

    def serve(texts: list[bytes]) -> list[float]:
        answer: list[float] = model.signatures["serving_default"](text=tf.constant(texts))["positive"].numpy().tolist()
        return answer

    return serve
