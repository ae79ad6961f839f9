"""predict: read texts with an exported SavedModel. That needs TensorFlow and TensorFlow Text, and nothing else."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from pipeline.errors import UserError
from pipeline.quiet import quiet

BATCH = 256  # texts read at once: bounds the memory, however many lines there are

Rewriter = Callable[[list[str]], list[tuple[str, ...]]]


def predict(export: Path, rewrite: Rewriter | None = None) -> None:
    """Print a line for each text: probability of positive, label and text, separated by tabs, under a header; where
    there is `rewrite`, also the text as it is written out again, greedily and by beam search.

    The text is the environment's `TEXT`, else the texts are the lines of the file that `FILE` names, else those of
    standard input.

    Raises:
        UserError: if the file can't be read, or nothing is given to read.
    """
    texts = read_texts()
    serve = load_serving(export)
    print("\t".join(["positive", "label", "text", *(["greedy", "beam"] if rewrite else [])]))
    for batch in batches(texts):
        decoded = [text.decode("utf-8", "replace") for text in batch]
        rewritten = rewrite(decoded) if rewrite else [()] * len(batch)
        for text, positive, others in zip(decoded, serve(batch), rewritten, strict=True):
            shown = [one.translate(dict.fromkeys(range(32), " ")) for one in (text, *others)]
            print(f"{positive:.4f}", "pos" if positive >= 0.5 else "neg", *shown, sep="\t", flush=True)


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
    with quiet():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops that the model is made of

    newest = max((export / "saved_model").iterdir(), key=lambda version: int(version.name))
    model = tf.saved_model.load(str(newest))

    def serve(texts: list[bytes]) -> list[float]:
        answer: list[float] = model.signatures["serving_default"](text=tf.constant(texts))["positive"].numpy().tolist()
        return answer

    return serve


def read_texts() -> Iterator[bytes]:
    """The texts that the user gives, one after the other, as the bytes they are."""
    text, file = os.environ.get("TEXT"), os.environ.get("FILE")
    if text is not None and file is not None:
        raise UserError("both TEXT and FILE are given; give one of them")
    if text is not None:
        return iter([os.fsencode(text)])
    if file is not None:
        try:
            return lines(Path(file).open("rb"))
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}") from None
    if sys.stdin.isatty():
        raise UserError('nothing to read: give TEXT="...", FILE=path, or lines on standard input')
    return lines(sys.stdin.buffer)


def lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Lines end at a newline and nowhere else; a last line needs none."""
    return (line.removesuffix(b"\n").removesuffix(b"\r") for line in stream)
