"""predict: classify texts with an exported SavedModel. That needs TensorFlow and TensorFlow Text, and nothing else."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.serving.reconstruction import Reconstruct
from pipeline.serving.saved_model import batches, load_serving
from pipeline.support.errors import UserError
from pipeline.support.utf8 import check_utf8, utf8_lines


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
        decoded = [text.decode() for text in batch]
        reconstructed = reconstruct(decoded) if reconstruct else [()] * len(batch)
        for text, positive, generated in zip(decoded, serve(batch), reconstructed, strict=True):
            columns = [value.translate(dict.fromkeys(range(32), " ")) for value in (text, *generated)]
            print(f"{positive:.4f}", "pos" if positive >= 0.5 else "neg", *columns, sep="\t", flush=True)


def read_texts() -> Iterator[bytes]:
    """Yield the texts to classify, as UTF-8.

    They are the environment's `TEXT`, else the lines of the file that `FILE` names, else those of standard input.

    Raises:
        UserError: if both variables are set, the file can't be opened, standard input is a terminal, or a text is not
            UTF-8; it names the row.
    """
    text, file = os.environ.get("TEXT"), os.environ.get("FILE")
    if text is not None and file is not None:
        raise UserError("both TEXT and FILE are given; give one of them")
    if text is not None:
        # Python has decoded it as the terminal encodes; what it could not decode, it left as bytes.
        return iter([check_utf8(text.encode("utf-8", "surrogateescape"), "TEXT")])
    if file is not None:
        try:
            return utf8_lines(Path(file).open("rb"), file)
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}") from None
    if sys.stdin.isatty():
        raise UserError('nothing to read: give TEXT="...", FILE=path, or lines on standard input')
    return utf8_lines(sys.stdin.buffer, "standard input")
