"""Read UTF-8 from outside, and say of anything else which row it is in, what it looks like and how to convert it."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from pipeline.support.errors import UserError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HANGUL = re.compile("[가-힣]")


def utf8_lines(stream: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield the lines of a stream without their ends and without a byte order mark before the first.

    Lines end at \\n or \\r\\n alone, not at Unicode's other line breaks.

    Args:
        name: of the stream, as an error calls it.

    Raises:
        UserError: naming the row that is not UTF-8. It is raised at once, before any line, for a file that can be read
            twice; else where that row comes.
    """
    if isinstance(stream, io.BufferedIOBase) and stream.seekable():
        start = stream.tell()
        for _ in _checked(stream, name):
            pass
        stream.seek(start)
    return (line.removesuffix(b"\n").removesuffix(b"\r") for line in _checked(stream, name))


def check_utf8(text: bytes, name: str) -> bytes:
    """Return `text`.

    Raises:
        UserError: if it is not UTF-8; it begins with `name`.
    """
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: not valid UTF-8 at byte {error.start + 1}{_advice(text)}") from None
    return text


def _checked(stream: Iterable[bytes], name: str) -> Iterator[bytes]:
    lines = iter(stream)
    first = b"".join(islice(lines, 1))
    # ASCII in UTF-16 is UTF-8 too, but for its mark; without one it is text with a NUL at every other place.
    if first.startswith(_UTF_16) or (len(first) >= 8 and (not any(first[0:-1:2]) or not any(first[1:-1:2]))):
        raise UserError(f"{name}: row 1: not valid UTF-8{_advice(first, 'UTF-16')}")
    for row, line in enumerate(chain([first.removeprefix(codecs.BOM_UTF8)] if first else [], lines), start=1):
        yield check_utf8(line, f"{name}: row {row}")


def _advice(text: bytes, encoding: str = "") -> str:
    """Return the end of an error: what `text` may be encoded in, and the command that converts it."""
    if not encoding and text.startswith(_UTF_16):
        encoding = "UTF-16"
    if not encoding:
        try:
            encoding = "CP949" if _HANGUL.search(text.decode("cp949")) else ""
        except UnicodeDecodeError:
            encoding = ""
    if not encoding:
        return "; save it as UTF-8"
    return f"; it looks like {encoding}: convert it with iconv -f {encoding} -t UTF-8"
