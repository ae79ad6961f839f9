"""UTF-8 is read as it is; of anything else the row, the encoding and the way to convert it are named."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.support.errors import UserError
from pipeline.support.utf8 import check_utf8, utf8_lines

TEXT = "좋은 영화였다\n돈이 아깝다\n"


def read(content: bytes) -> list[bytes]:
    return list(utf8_lines(io.BytesIO(content), "name"))


def test_lines_end_at_newlines_alone() -> None:
    text = "하나\r\n둘\u2028둘\x0b둘\n\n넷".encode()
    assert read(text) == ["하나".encode(), "둘\u2028둘\x0b둘".encode(), b"", "넷".encode()]
    assert read(b"") == []
    assert read(b"one\n") == [b"one"]


def test_a_byte_order_mark_is_no_text() -> None:
    assert read(TEXT.encode("utf-8-sig")) == read(TEXT.encode())
    assert read(b"one\n\xef\xbb\xbftwo\n") == [b"one", b"\xef\xbb\xbftwo"]  # in mid-file it is one character


@pytest.mark.parametrize(
    ("encoding", "row", "named"),
    [
        ("cp949", 2, "CP949"),
        ("utf-16", 1, "UTF-16"),
        ("utf-16-le", 1, "UTF-16"),
        ("utf-16-be", 1, "UTF-16"),
    ],
)
def test_another_encoding_is_named_with_its_row_before_any_line(encoding: str, row: int, named: str) -> None:
    content = ("all in all\n" + TEXT).encode(encoding)
    with pytest.raises(UserError) as caught:
        utf8_lines(io.BytesIO(content), "reviews.txt")
    assert str(caught.value).startswith(f"reviews.txt: row {row}: not valid UTF-8")
    assert str(caught.value).endswith(f"; it looks like {named}: convert it with iconv -f {named} -t UTF-8")


def test_what_looks_like_nothing_known_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^name: row 2: not valid UTF-8 at byte 4; save it as UTF-8$"):
        read("one\ncafé au lait\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"^TEXT: not valid UTF-8 at byte 1; it looks like CP949"):
        check_utf8("좋다".encode("cp949"), "TEXT")


def test_a_stream_that_is_read_once_stops_at_the_row() -> None:
    lines = utf8_lines(iter([b"one\n", b"\xff\n"]), "standard input")
    assert next(lines) == b"one"
    with pytest.raises(UserError, match=r"standard input: row 2: not valid UTF-8 at byte 1"):
        next(lines)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\ufeff\0"))))
def test_any_text_is_read_as_written(texts: list[str]) -> None:
    assert read("".join(f"{text}\n" for text in texts).encode()) == [text.encode() for text in texts]
