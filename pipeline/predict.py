"""predict: read texts with an exported SavedModel. Needs TensorFlow and TensorFlow Text, and nothing else."""

import os
import sys
from pathlib import Path

from pipeline.errors import UserError
from pipeline.quiet import quiet

BATCH = 256  # texts read at once, so that memory is bounded however many lines there are


def predict(export: Path, file: Path | None) -> None:
    """Print a line for each text: probability of positive, label and text, separated by tabs, under a header.

    The text is the environment's `TEXT`, else the texts are the lines of `file`, else those of standard input.

    Raises:
        UserError: if `file` can't be read, or nothing is given to read.
    """
    texts = _texts(file)
    print("positive\tlabel\ttext")
    for text, positive in zip(texts, predict_all(export, texts), strict=True):
        shown = text.decode("utf-8", "replace").translate(dict.fromkeys(range(32), " "))
        print(f"{positive:.4f}\t{'pos' if positive >= 0.5 else 'neg'}\t{shown}")


def predict_all(export: Path, texts: list[bytes]) -> list[float]:
    """The probability of positive that the newest model of an `export` artifact gives to each UTF-8 text."""
    with quiet():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops that the model is made of

    newest = max((export / "saved_model").iterdir(), key=lambda version: int(version.name))
    model = tf.saved_model.load(str(newest))
    serve = model.signatures["serving_default"]
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    return [p for batch in batches for p in serve(text=tf.constant(batch))["positive"].numpy().tolist()]


def _texts(file: Path | None) -> list[bytes]:
    if "TEXT" in os.environ:
        return [os.fsencode(os.environ["TEXT"])]
    if file is not None:
        try:
            return _lines(file.read_bytes())
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}") from None
    if sys.stdin.isatty():
        raise UserError('nothing to read: give TEXT="...", FILE=path, or lines on standard input')
    return _lines(sys.stdin.buffer.read())


def _lines(content: bytes) -> list[bytes]:
    """Lines end at a newline and nowhere else; a last line needs none."""
    lines = content.split(b"\n")
    return [line.removesuffix(b"\r") for line in (lines[:-1] if lines[-1] == b"" else lines)]
