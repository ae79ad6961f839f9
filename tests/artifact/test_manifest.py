"""A sealed artifact is what its manifest says, to the byte."""

from pathlib import Path

import pytest

from pipeline.artifact.files import sha256, write_atomically
from pipeline.artifact.manifest import Manifest, hash_files, read_manifest, verify
from pipeline.support.errors import UserError


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    folder = tmp_path / "train"
    (folder / "deep").mkdir(parents=True)
    (folder / "weights").write_bytes(b"\x00\x01")
    (folder / "deep" / "note.txt").write_text("맥락", "utf-8")
    write_atomically(folder / "manifest.json", make_manifest(folder).model_dump_json())
    return folder


def make_manifest(folder: Path, **changes: object) -> Manifest:
    fields = {
        "stage": "train", "data": "maekrak", "model": "lstm", "config": {}, "inputs": {}, "code": {}, "libraries": {},
        "outputs": hash_files(folder), "metrics": {"dev_accuracy": 0.5}, "seconds": 1.0, "run_id": "r",
    }  # fmt: skip
    return Manifest(**fields | changes)


def test_an_untouched_artifact_verifies(sealed: Path) -> None:
    assert verify(sealed) == make_manifest(sealed)


def test_an_altered_file_is_named(sealed: Path) -> None:
    (sealed / "weights").write_bytes(b"\x00\x02")
    with pytest.raises(UserError, match=r"train/weights: has sha256 .*, sealed as .*; delete .*train to make it again"):
        verify(sealed)


@pytest.mark.parametrize("hidden", [".DS_Store", "deep/.swp", ".ipynb_checkpoints/note.txt", "deep/.git/config"])
def test_what_is_hidden_is_no_part_of_it(sealed: Path, hidden: str) -> None:
    (sealed / hidden).parent.mkdir(exist_ok=True)
    (sealed / hidden).touch()
    assert verify(sealed) == make_manifest(sealed)


def test_a_missing_file_is_named(sealed: Path) -> None:
    (sealed / "deep" / "note.txt").unlink()
    with pytest.raises(UserError, match=r"train/deep/note.txt: is missing"):
        verify(sealed)


def test_a_foreign_file_is_named(sealed: Path) -> None:
    (sealed / "foreign").touch()
    with pytest.raises(UserError, match=r"train/foreign: is not part of the sealed artifact"):
        verify(sealed)


def test_no_manifest_is_not_complete(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"manifest.json: missing, so this stage is not complete; run make train"):
        read_manifest(tmp_path / "train")


@pytest.mark.parametrize("text", ["", "{}", '{"format": 2, "stage": "train"}', "null"])
def test_a_broken_manifest_is_named(sealed: Path, text: str) -> None:
    (sealed / "manifest.json").write_text(text)
    with pytest.raises(UserError, match=r"manifest.json: not a manifest of format 1"):
        read_manifest(sealed)


def test_the_digest_is_of_the_outputs_alone(sealed: Path) -> None:
    digest = make_manifest(sealed).digest
    assert make_manifest(sealed, config={"units": 1}, seconds=2.0, run_id="other").digest == digest
    (sealed / "report.html").write_text("a page, which no stage reads")
    assert make_manifest(sealed).digest == digest
    (sealed / "weights").write_bytes(b"other")
    assert make_manifest(sealed).digest != digest


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_text("abc")  # the example of FIPS 180-2
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
