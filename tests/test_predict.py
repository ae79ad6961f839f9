"""What predict reads: one text, a file's lines or standard input, whatever bytes they hold."""

import io
import sys
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.predict import _lines, _texts


def test_lines_end_at_newlines_alone() -> None:
    assert _lines("하나\r\n둘\u2028둘\x0b둘\n\n넷".encode()) == [
        "하나".encode(),
        "둘\u2028둘\x0b둘".encode(),
        b"",
        "넷".encode(),
    ]
    assert _lines(b"") == []
    assert _lines(b"one\n") == [b"one"]


def test_text_comes_before_file_before_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lines").write_text("a\nb\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"c\n")))
    assert _texts(None) == [b"c"]
    assert _texts(tmp_path / "lines") == [b"a", b"b"]
    monkeypatch.setenv("TEXT", "$x 'y' 죽인다!")
    assert _texts(tmp_path / "lines") == ["$x 'y' 죽인다!".encode()]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone: No such file"):
        _texts(tmp_path / "gone")
