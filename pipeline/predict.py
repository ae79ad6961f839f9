"""predict: classify texts with an exported SavedModel. That needs TensorFlow and TensorFlow Text, and nothing else."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.serving.reconstruction import Reconstruct
from pipeline.serving.saved_model import batches, load_serving
from pipeline.support.errors import UserError


def predict(export: Path, reconstruct: Reconstruct | None = None) -> None:
    """Print a header and a line for each text: probability of positive, label and text, separated by tabs.

    With `reconstruct`, two columns follow: the text as it is reconstructed by greedy search and by beam search.

    Raises:
        UserError: as `read_texts`.
    """
    texts = read_texts()
    serve = load_serving(export)
    print("\t".join(["positive", "label", "text", *(["greedy", "beam"] if reconstruct else [])]))
    for batch in batches(texts):
        decoded = [text.decode("utf-8", "replace") for text in batch]
        reconstructed = reconstruct(decoded) if reconstruct else [()] * len(batch)
        for text, positive, generated in zip(decoded, serve(batch), reconstructed, strict=True):
            columns = [value.translate(dict.fromkeys(range(32), " ")) for value in (text, *generated)]
            print(f"{positive:.4f}", "pos" if positive >= 0.5 else "neg", *columns, sep="\t", flush=True)


def read_texts() -> Iterator[bytes]:
    """Yield the texts to classify, as bytes.

    They are the environment's `TEXT`, else the lines of the file that `FILE` names, else those of standard input.

    Raises:
        UserError: if both variables are set, the file can't be opened, or standard input is a terminal.
    """
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
    """Yield lines without their ends. They end at \\n or \\r\\n alone, not at Unicode's other line breaks."""
    return (line.removesuffix(b"\n").removesuffix(b"\r") for line in stream)
