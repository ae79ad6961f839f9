"""predict: read texts with an exported SavedModel. That needs TensorFlow and TensorFlow Text, and nothing else."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.serving.rewriter import Rewriter
from pipeline.serving.saved_model import batches, load_serving
from pipeline.support.errors import UserError


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
