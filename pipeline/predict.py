"""predict: classify texts with an exported SavedModel, or with a server of it.

The first needs TensorFlow and TensorFlow Text, and nothing else; the second neither.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from pipeline.scoring.score_file import ask_server, score_file
from pipeline.scoring.text_files import CONTROL, HEADER, Scored, read_file
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


def predict_by_server(server: str, name: str) -> None:
    """Print the same, without a reconstruction, by asking a server for the model `name`. Starts no TensorFlow.

    Raises:
        UserError: as `read_texts`, or if the server doesn't answer.
    """
    score = ask_server(server, name)
    print("\t".join(HEADER))
    for batch in batches(read_texts()):
        for row in map(Scored, batch, score(batch)):
            print(f"{row.positive:.4f}", row.label, row.decoded.translate(CONTROL), sep="\t", flush=True)


def predict_file(export: Path, server: str | None, name: str) -> None:
    """Classify the texts of `FILE` into `OUT`, by the model or by a server; goes on where it was stopped.

    Raises:
        UserError: if a file can't be read or written, or the server doesn't answer.
    """
    source, out = os.environ.get("FILE", "-"), Path(os.environ["OUT"])
    if "TEXT" in os.environ:
        raise UserError("OUT is for FILE=path; of a TEXT the result is printed")
    score = ask_server(server, name) if server else load_serving(export)
    by = server or str(max((export / "saved_model").iterdir(), key=lambda version: int(version.name)))
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} texts, {task.fields[speed]:,.0f} a second"))
    start = time.monotonic()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, speed=0)

        def tell(done: int) -> None:
            progress.update(task, completed=done, speed=done / (time.monotonic() - start))

        total = score_file(source, os.environ.get("COLUMN", "text"), out, score, by, tell)
    print(f"{out}: {total:,} texts in {time.monotonic() - start:.1f} s", file=sys.stderr)


def read_texts() -> Iterator[bytes]:
    """Yield the texts to classify, as UTF-8.

    They are the environment's `TEXT`, else those of the file that `FILE` names, by its extension, else the lines of
    standard input.

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
        return read_file(file, os.environ.get("COLUMN", "text"))
    if sys.stdin.isatty():
        raise UserError('nothing to read: give TEXT="...", FILE=path, or lines on standard input')
    return utf8_lines(sys.stdin.buffer, "standard input")
