"""Score many texts: in memory that doesn't grow with them, and from where it stopped if it was killed.

What is scored is kept in parts beside the result, each of so many texts and each written whole; the result takes its
place at once, when all parts are there.
"""

import json
import shutil
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.artifact.files import atomic_writer, write_atomically
from pipeline.artifact.manifest import digest_of
from pipeline.scoring.text_files import WRITTEN, Scored, join_parts, read_file, write_part
from pipeline.support.errors import UserError

ScoreFn = Callable[[list[bytes]], list[float]]

PART = 8192  # texts
BATCH = 256
ASKED_TEXTS, ASKED_BYTES = 256, 500_000  # of one request to a server
READ_CHARACTERS = 10_000  # that a server takes of a text; a model reads its last pieces alone
TRIES = 60


def score_file(source: str, column: str, out: Path, score: ScoreFn, by: str, tell: Callable[[int], None]) -> int:
    """Score the texts of a file into another, and return how many there are.

    Args:
        by: what scores them: a result that something else began is begun anew.
        tell: told how many texts were done, once for each part.

    Raises:
        UserError: if a file can't be read or written.
    """
    suffix = out.suffix.lower()
    if suffix not in WRITTEN:
        raise UserError(f"OUT={out}: ends in none of {', '.join(WRITTEN)}")
    parts = out.with_name(f".{out.name}.parts")
    made_from = parts / "made_from"
    key = digest_of([by, column, _identity(source)])
    if not made_from.exists() or made_from.read_text() != key:
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(parents=True)
        write_atomically(made_from, key)
    texts, total, paths = read_file(source, column), 0, []
    for number, part in enumerate(iter(lambda: list(islice(texts, PART)), [])):
        path = parts / f"{number:08d}"
        paths.append(path)
        if not path.exists():
            rows = [Scored(*one) for one in zip(part, sorted_by_length(part, score), strict=True)]
            with atomic_writer(path) as file:
                write_part(file, suffix, rows)
        total += len(part)
        tell(total)
    with atomic_writer(out) as file:
        join_parts(file, suffix, paths)
    shutil.rmtree(parts)
    return total


def _identity(source: str) -> list[Any]:
    """Return what tells a file from what it was; of standard input nobody knows."""
    if source == "-":
        return [time.time_ns()]
    try:
        stat = Path(source).stat()
    except OSError as error:
        raise UserError(f"{source}: {error.strerror}") from None
    return [str(Path(source).resolve()), stat.st_size, stat.st_mtime_ns]


def sorted_by_length(texts: list[bytes], score: ScoreFn) -> list[float]:
    """Score texts in batches of like length: little padding is read."""
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    scores = [0.0] * len(texts)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        for row, found in zip(rows, score([texts[row] for row in rows]), strict=True):
            scores[row] = found
    return scores


def ask_server(server: str, name: str) -> ScoreFn:
    """Return what scores texts by asking a server, ours or tensorflow/serving, for the model `name`. No TensorFlow.

    Raises:
        UserError: if the server can't be reached, or refuses.
    """
    url = f"{server.rstrip('/')}/v1/models/{name}:predict"
    if not url.startswith(("http://", "https://")):
        raise UserError(f"SERVER={server}: must begin with http:// or https://")

    def score(texts: list[bytes]) -> list[float]:
        return [found for part in _requests(texts) for found in _ask(url, part)]

    return score


def _requests(texts: list[bytes]) -> Iterator[list[Any]]:
    part: list[Any] = []
    size = 0
    for text in texts:
        try:
            value: Any = text.decode()[-READ_CHARACTERS:]
        except UnicodeDecodeError:
            value = {"b64": b64encode(text[-READ_CHARACTERS:]).decode()}
        if part and (len(part) >= ASKED_TEXTS or size + 6 * len(text) > ASKED_BYTES):
            yield part
            part, size = [], 0
        part.append(value)
        size += min(6 * len(text), 6 * READ_CHARACTERS)
    if part:
        yield part


def _ask(url: str, texts: list[Any]) -> list[float]:
    body = json.dumps({"inputs": texts}, ensure_ascii=False).encode()
    for _ in range(TRIES):
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                outputs: list[float] = json.load(response)["outputs"]
                return outputs
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503, 504):
                raise UserError(f"{url}: {error.code}: {error.read().decode('utf-8', 'replace')[:300]}") from None
            time.sleep(float(error.headers.get("Retry-After") or 1))
        except (urllib.error.URLError, OSError, ValueError, KeyError) as error:
            raise UserError(f"{url}: {getattr(error, 'reason', None) or type(error).__name__}") from None
    raise UserError(f"{url}: too busy")
