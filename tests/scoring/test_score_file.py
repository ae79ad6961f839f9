"""Files of texts in every format, scored whole, or on from where it was stopped, by a model or by a server."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.scoring.score_file import ask_server, score_file, sorted_by_length
from pipeline.scoring.text_files import read_file
from pipeline.support.errors import UserError
from tests.serving.conftest import Server

TEXTS = ["좋다", "", 'says "no", twice', "탭 없이", "a\u2028b", "끝"]


def write_texts(path: Path, texts: list[str]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"id": range(len(texts)), "text": texts}), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps({"id": 1, "text": text}) + "\n" for text in texts), "utf-8")
    elif path.suffix == ".csv":
        quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
        path.write_text("id,text\r\n" + "".join(f"1,{text}\r\n" for text in quoted), "utf-8", newline="")
    elif path.suffix == ".tsv":
        path.write_text("id\ttext\n" + "".join(f"1\t{text}\n" for text in texts), "utf-8")
    else:
        path.write_text("".join(text + "\n" for text in texts), "utf-8")
    return path


def lengths(texts: list[bytes]) -> list[float]:
    return [len(text) / 100 for text in texts]


def results(path: Path) -> list[tuple[float, str]]:
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        return list(zip(table["positive"].to_pylist(), table["text"].to_pylist(), strict=True))
    return [(float(p), text) for p, text in zip(_column(path, "positive"), _column(path, "text"), strict=True)]


def _column(path: Path, column: str) -> list[str]:
    if path.suffix == ".jsonl":
        return [str(json.loads(line)[column]) for line in path.read_text("utf-8").split("\n")[:-1]]
    return [text.decode() for text in read_file(str(path), column)]


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_is_read(tmp_path: Path, suffix: str) -> None:
    path = write_texts(tmp_path / f"texts{suffix}", TEXTS)
    assert [text.decode() for text in read_file(str(path))] == TEXTS


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_is_written(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.scoring.score_file.PART", 4)
    source, out, told = write_texts(tmp_path / "texts.txt", TEXTS), tmp_path / f"out{suffix}", []
    assert score_file(str(source), "text", out, lengths, "a test", told.append) == len(TEXTS)
    found = results(out)
    assert [text for _, text in found] == TEXTS
    np.testing.assert_allclose([p for p, _ in found], lengths([text.encode() for text in TEXTS]), atol=1e-4)
    assert told == [4, 6]
    assert {path.name for path in tmp_path.iterdir()} == {"texts.txt", out.name}


def test_it_goes_on_where_it_was_killed_without_a_text_lost_or_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.scoring.score_file.PART", 10)
    texts = [f"text {n}" for n in range(95)]
    source, out, seen = write_texts(tmp_path / "texts.txt", texts), tmp_path / "out.tsv", []

    def score(until: int) -> Callable[[list[bytes]], list[float]]:
        def one(part: list[bytes]) -> list[float]:
            if len(seen) + len(part) > until:
                raise KeyboardInterrupt
            seen.extend(part)
            return lengths(part)

        return one

    for until in (35, 60):
        with pytest.raises(KeyboardInterrupt):
            score_file(str(source), "text", out, score(until), "a test", lambda done: None)
        assert not out.exists()
    score_file(str(source), "text", out, score(1000), "a test", lambda done: None)
    assert [text for _, text in results(out)] == texts
    assert sorted(seen) == sorted(text.encode() for text in texts)


def test_what_another_model_began_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.scoring.score_file.PART", 1)
    source, out = write_texts(tmp_path / "texts.txt", ["a", "b"]), tmp_path / "out.tsv"

    def fails(part: list[bytes]) -> list[float]:
        if part == [b"b"]:
            raise KeyboardInterrupt
        return [0.1]

    with pytest.raises(KeyboardInterrupt):
        score_file(str(source), "text", out, fails, "version 1", lambda done: None)
    score_file(str(source), "text", out, lambda part: [0.9], "version 2", lambda done: None)
    assert [p for p, _ in results(out)] == [0.9, 0.9]


def test_scores_are_in_the_order_of_the_texts() -> None:
    texts = [b"x" * (n * 7 % 50) for n in range(600)]
    assert sorted_by_length(texts, lengths) == lengths(texts)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"id,review\n1,x\n", "has no column 'text'; it has id, review; COLUMN="),
        ("a.csv", b"id,text\n1\n", "line 2: has 1 columns, and 'text' is number 2"),
        ("a.tsv", b"", "has no column 'text'; it has none"),
        ("a.tsv", b"id\ttext\n1\n", "line 2: has 1 columns"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 1}\n', "line 2: holds no text 'text'"),
        ("a.jsonl", b"{\n", "line 1: not JSON"),
        ("a.parquet", b"PAR1", "not a Parquet file"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=why.replace(".", r"\.")) as refused:
        list(read_file(str(tmp_path / name)))
    assert "\n" not in str(refused.value)
    with pytest.raises(UserError, match="No such file"):
        list(read_file(str(tmp_path / f"gone{name}")))
    with pytest.raises(UserError, match="ends in none of"):
        score_file(str(tmp_path / name), "text", tmp_path / "out.doc", lengths, "a test", lambda done: None)


def test_a_server_scores_as_the_model_does(server: Server, tmp_path: Path) -> None:
    texts = ["좋다", "", "별로 " * 4000, *(f"결말이 {n}번 지루했다" for n in range(600))]
    score = ask_server(f"http://127.0.0.1:{server.port}/", "shop")
    found = score([*(text.encode() for text in texts), b"\xff\xfe"])
    assert len(found) == 604
    np.testing.assert_allclose(found[:2], server.probabilities(texts[:2]), atol=1e-5)
    np.testing.assert_allclose(found[3:603], server.probabilities(texts[3:]), atol=1e-5)
    with pytest.raises(UserError, match=r"404: .*Servable not found"):
        ask_server(f"http://127.0.0.1:{server.port}", "foo")([b"a"])
    with pytest.raises(UserError, match="Connection refused"):
        ask_server("http://127.0.0.1:9", "shop")([b"a"])
    with pytest.raises(UserError, match="must begin with http"):
        ask_server("file:///etc", "shop")
