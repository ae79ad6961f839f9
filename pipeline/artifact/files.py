"""Hash, list and atomically write files."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PACKAGE = Path(__file__).parent.parent


def visible_files(folder: Path) -> list[Path]:
    """Return all files below `folder`, sorted, without hidden files and those in hidden folders.

    File browsers, editors and git leave hidden files anywhere; they are no part of an artifact.
    """
    hidden = re.compile(r"(^|/)\.")
    return sorted(p for p in folder.rglob("*") if p.is_file() and not hidden.search(str(p.relative_to(folder))))


def sha256(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Write `text`, so that `path` holds either its old content or all of the new, even if the process is killed."""
    with atomic_writer(path) as file:
        file.write(text.encode())


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file for writing, and rename it to `path` once its content is on the disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
