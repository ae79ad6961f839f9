"""Silence what native libraries print while they are imported."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Discard what is written to file descriptor 2 inside the block. Exceptions are raised as ever.

    TensorFlow prints hardware warnings before it reads its own log level, and from C++, so that replacing `sys.stderr`
    would not catch them.
    """
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
