"""Hash, list, lock and atomically write files."""

import fcntl
import hashlib
import os
import re
import uuid
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
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")  # machines that share a folder share process numbers
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a lock file inside the block, alone among all processes of this machine.

    Args:
        wait: until another process that has it lets it go; else yield False at once.
    """
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def lock_of(folder: Path) -> Path:
    """Return the lock file of an artifact's folder, beside it: whoever makes the artifact holds it."""
    return folder.with_name(f".{folder.name}.lock")
