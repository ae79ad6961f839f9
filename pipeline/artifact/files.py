"""Files: hashes, listings without hidden files, and writing so that a reader never meets half a file."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def visible_files(folder: Path) -> list[Path]:
    """All files below `folder` in order, without those that file browsers, editors and git leave there, hidden."""
    hidden = re.compile(r"(^|/)\.")
    return sorted(p for p in folder.rglob("*") if p.is_file() and not hidden.search(str(p.relative_to(folder))))


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Write `text` so that `path` holds either its old content or all of the new, even if killed."""
    with atomic_writer(path) as file:
        file.write(text.encode())


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when it is whole and on the disk."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


PACKAGE = Path(__file__).parent.parent
