"""Load an exported SavedModel and predict with it. That needs TensorFlow and TensorFlow Text, and nothing else."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from pipeline.support.silenced_stderr import silenced_stderr

BATCH = 256  # texts in a batch: bounds the memory, however many lines there are


def predict_all(export: Path, texts: list[bytes]) -> list[float]:
    """Return the probability of positive for each UTF-8 text."""
    serve = load_serving(export)
    return [p for batch in batches(texts) for p in serve(batch)]


def batches(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the texts in lists of `BATCH`, the last perhaps shorter."""
    remaining = iter(texts)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def load_serving(export: Path) -> Callable[[list[bytes]], list[float]]:
    """Load the newest version of an `export` artifact, as a function: UTF-8 texts -> probability of positive each."""
    with silenced_stderr():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops of the tokenizer

    newest = max((export / "saved_model").iterdir(), key=lambda version: int(version.name))
    model = tf.saved_model.load(str(newest))

    def serve(texts: list[bytes]) -> list[float]:
        outputs = model.signatures["serving_default"](text=tf.constant(texts))
        probabilities: list[float] = outputs["positive"].numpy().tolist()
        return probabilities

    return serve
