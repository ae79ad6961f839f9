"""predict reads one text, the lines of a file or standard input, whatever bytes they hold."""

import io
import os
import sys
from pathlib import Path

import pytest

from pipeline.artifact.manifest import Manifest
from pipeline.predict import read_texts
from pipeline.serving.reconstruction import load_exported_reconstructor
from pipeline.support.errors import UserError


@pytest.fixture(autouse=True)
def neither_text_nor_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXT", "FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"c\n")))


def test_a_text_or_a_file_or_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lines").write_text("a\nb\n")
    assert list(read_texts()) == [b"c"]
    monkeypatch.setenv("FILE", str(tmp_path / "lines"))
    assert list(read_texts()) == [b"a", b"b"]
    monkeypatch.setenv("TEXT", "$x 'y' 죽인다!")
    with pytest.raises(UserError, match="both TEXT and FILE are given"):
        read_texts()
    monkeypatch.delenv("FILE")
    assert list(read_texts()) == ["$x 'y' 죽인다!".encode()]


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILE", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"gone: No such file"):
        read_texts()


@pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
def test_a_file_in_another_encoding_is_refused_before_anything_is_read(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lines").write_bytes("good\n좋았다\n".encode(encoding))
    monkeypatch.setenv("FILE", str(tmp_path / "lines"))
    row = 2 if encoding == "cp949" else 1
    said = rf"lines: row {row}: not valid UTF-8.*; it looks like {encoding.upper()}: convert it with iconv"
    with pytest.raises(UserError, match=said):
        read_texts()


def test_a_text_is_read_as_the_terminal_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"TEXT": "죽인다"})  # as Python decodes it, whatever the terminal's encoding
    assert list(read_texts()) == ["죽인다".encode()]
    monkeypatch.setattr(os, "environ", {"TEXT": "죽인다".encode("cp949").decode("utf-8", "surrogateescape")})
    with pytest.raises(UserError, match=r"TEXT: not valid UTF-8 at byte 1; it looks like CP949"):
        read_texts()


def test_a_pretrain_of_an_earlier_version_has_no_reconstructor(tmp_path: Path) -> None:
    network = {"cell": "lstm", "cell_options": {}, "embedding": 8, "units": 8, "layers": 1, "bidirectional": True}
    earlier = {"objective": "seq2seq", "network": network}
    inputs: dict[str, str] = {}
    for stage, config in (("tokenize", {}), ("pretrain", earlier), ("train", {}), ("export", {})):
        made = {"stage": stage, "data": "maekrak", "model": None, "config": config, "inputs": inputs, "code": {}}
        manifest = Manifest.model_validate(
            made | {"libraries": {}, "outputs": {}, "metrics": {}, "seconds": 0, "run_id": ""}
        )
        inputs = {stage: manifest.digest}
        (tmp_path / stage).mkdir()
        (tmp_path / stage / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
    folders = (tmp_path / stage for stage in ("tokenize", "pretrain", "train", "export"))
    assert load_exported_reconstructor(*folders) is None
