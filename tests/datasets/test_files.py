"""A folder of one's own reviews is read in every format and spelling; what is wrong with it is one line."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config.overlays import load_config
from pipeline.config.schema import IngestConfig
from pipeline.datasets.files.files_dataset_builder import in_test
from pipeline.datasets.files.labels import Labels
from pipeline.datasets.files.reviews import FileReader
from pipeline.datasets.files.splits import files_by_split
from pipeline.datasets.local import local_sources
from pipeline.ingest import ingest
from pipeline.support.errors import UserError
from pipeline.text.reviews import read_reviews

REVIEWS = [("좋다", "pos"), ('says "no"', "neg"), ("두 줄이다\n둘째 줄", "pos"), ("쉼표, 탭이 아닌 것", "neg")]
Shop = Callable[..., IngestConfig]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "reviews"
    folder.mkdir()
    monkeypatch.setenv("FILES_DIR", str(folder))
    return folder


def configured(settings: str = "") -> IngestConfig:
    return load_config("files", "lstm", settings).ingest


def read(path: Path, settings: str = "", labelled: bool = True) -> list[tuple[str, int | None]]:
    """The reviews of one file, as the builder reads them."""
    config = configured(settings).files
    reader = FileReader(config, Labels(config.labels), path.parent)
    return [
        (text, reader.label(path, row, label) if labelled else None) for text, label, row in reader.rows(path, labelled)
    ]


def csv_of(rows: list[tuple[str, str]], header: str = "text,label", newline: str = "\n") -> str:
    quoted = ['"' + text.replace('"', '""').replace("\n", newline) + f'",{label}' for text, label in rows]
    return newline.join([header, *quoted]) + newline


EXPECTED = [(text, int(label == "pos")) for text, label in REVIEWS]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_with_quotes_and_newlines_in_every_encoding_that_says_itself(
    folder: Path, encoding: str, newline: str
) -> None:
    path = folder / "reviews.csv"
    path.write_bytes((csv_of(REVIEWS, newline=newline) + newline).encode(encoding))
    assert read(path) == EXPECTED  # a line ends in \n, whatever ended it in the file


def test_every_format_is_read_alike(folder: Path) -> None:
    rows = [{"id": n, "review": text, "label": label} for n, (text, label) in enumerate(REVIEWS)]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n\n" for row in rows), "utf-8")
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")
    semicolons = csv_of(REVIEWS, "text;label").replace('",', '";')
    (folder / "b.csv").write_text(semicolons, "utf-8")
    for name in ("a.jsonl", "a.parquet", "b.csv"):
        assert read(folder / name) == EXPECTED
    flat = [(text, label) for text, label in REVIEWS if "\n" not in text]
    (folder / "a.tsv").write_text("label\tText\n" + "".join(f"{label}\t{text}\n" for text, label in flat), "utf-8")
    assert read(folder / "a.tsv") == [(text, int(label == "pos")) for text, label in flat]


@pytest.mark.parametrize(
    ("spelled", "values", "meant"),
    [
        (None, ["neg", "POS ", 0, 1, "부정", "긍정", True, "1.0"], [0, 1, 0, 1, 0, 1, 1, 1]),
        ("1-2 / 4-5", [1, 2, 3, "4", 5.0, "3.5"], [0, 0, None, 1, 1, None]),
        ("8-10 / 1-4", [9, 5, 2], [0, None, 1]),
        ("-1 / 1", [-1, "1", 0], [0, 1, None]),
        ("bad, awful / good / mixed", ["Awful", "good", "mixed"], [0, 1, None]),
    ],
)
def test_labels(spelled: str | None, values: list[object], meant: list[int | None]) -> None:
    labels = Labels(spelled)
    assert [labels(value) for value in values] == meant
    for wrong in ("neutral", "nan", 0.5 if spelled is None else 11, ""):
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            labels(wrong)


HEADER = "text,label\n"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", "", "row 1: missing; the file is empty"),
        ("a.csv", HEADER, "holds no reviews"),
        ("a.csv", "좋다,1\n", "row 1: no column is called text; it has 좋다, 1; ingest.files.text names another"),
        ("a.csv", "review,body,label\nx,y,1\n", "row 1: review and body may both be the text"),
        ("a.csv", "text,stars,score\nx,1,1\n", "row 1: score and stars may both be the label"),
        ("a.csv", HEADER + 'x,1\n"y\nz",1,2\n', "row 3: has 3 columns, must have 2: text, label"),
        ("a.csv", HEADER + 'x,1\n"y" z,1\n', """row 3: ',' expected after '"'; a text with a quote"""),
        ("a.csv", HEADER + 'x,1\n"y,1\nz,0\n', "row 3: unexpected end of data; a text with a quote"),
        ("a.csv", HEADER + "x,1\ny,neutral\n", "row 3: label 'neutral'; allowed as bad / good are neg, negative, 0,"),
        ("a.csv", HEADER + "x,1\ny,\n", "row 3: no label; reviews without one go in a file that is named unsupervised"),
        ("a.csv", "id,text,label\n7,x,1\n7,y,0\n", "row 3: id '7' is that of a.csv, row 2; ids must differ"),
        ("a.csv", (HEADER + "x,1\n좋다,1\n").encode("cp949"), "row 3: not valid UTF-8 at byte 1; it looks like CP949:"),
        ("a.csv", (HEADER + "x,1\n").encode("utf-16") + b"\x00\xd8", "row 3: not valid UTF-16"),
        ("a.tsv", "text\tlabel\nx\t1\n\ny\t1\t2\n", "row 4: has 3 columns, must have 2"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": "y"}\n', "row 2: holds no 'label'; every row must hold it"),
        ("a.jsonl", '{"text": 1, "label": 1}\n', "row 1: text 1, must be text"),
        ("a.jsonl", "[1]\n", "row 1: must be an object"),
        ("a.jsonl", "{\n", "line 1: not JSON"),
        ("a.parquet", "PAR1", "not a Parquet file"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(folder: Path, name: str, content: str | bytes, line: str) -> None:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: {line}") and "\n" not in str(error.value)


def test_a_null_in_parquet_is_an_empty_text_or_a_missing_label(folder: Path) -> None:
    pq.write_table(pa.table({"text": [None, "x"], "label": [1, None]}), folder / "a.parquet")
    with pytest.raises(UserError, match=r"a\.parquet: row 2: no label"):
        read(folder / "a.parquet")
    (folder / "b.jsonl").write_text('{"text": null, "label": 1}\n{"text": "\\ud800", "label": 0}\n', "utf-8")
    assert read(folder / "b.jsonl") == [("", 1), ("?", 0)]


def test_columns_are_taken_by_name(folder: Path) -> None:
    (folder / "a.csv").write_text("text,memo,label,stars\nx,좋다,?,5\n", "utf-8")
    named = 'ingest.files.text=memo ingest.files.label=stars "ingest.files.labels=1-2 / 4-5"'
    assert read(folder / "a.csv", named) == [("좋다", 1)]
    with pytest.raises(
        UserError, match=r"row 1: has no column 'note', which ingest.files.text names; it has text, memo"
    ):
        read(folder / "a.csv", "ingest.files.text=note")
    with pytest.raises(UserError, match=r"ingest.files.labels: .*string should match"):
        configured("ingest.files.labels=1-2")
    with pytest.raises(UserError, match=r"ingest.files.labels: ' / 4-5': must be bad / good"):
        Labels(" / 4-5")


def test_a_name_tells_the_split(folder: Path) -> None:
    names = ["ratings_train.txt", "more.csv", "test/2024-00000-of-00002.parquet", "shop.DEV.jsonl", "unlabelled.txt"]
    for name in [*names, "README.txt", "notes.md", ".train.csv"]:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    found = {
        split: {str(path.relative_to(folder)) for path in paths} for split, paths in files_by_split(folder).items()
    }
    assert found == {"train": set(names[:2]), "test": {names[2]}, "dev": {names[3]}, "unsupervised": {names[4]}}
    (folder / "test.xlsx").touch()
    with pytest.raises(UserError, match=r"test\.xlsx: must end in one of \.csv, "):
        files_by_split(folder)
    (folder / "test.xlsx").rename(folder / "train_and_test.csv")
    with pytest.raises(UserError, match=r"train_and_test\.csv: its name is of test and train; must be of one split"):
        files_by_split(folder)


def test_a_folder_without_reviews_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"FILES_DIR=.*: holds no reviews for train, .*; it has none"):
        files_by_split(folder)
    (folder / "test.csv").touch()
    with pytest.raises(UserError, match="it has those of test alone"):
        files_by_split(folder)
    monkeypatch.delenv("FILES_DIR")
    with pytest.raises(UserError, match=r"FILES_DIR: not set; it names the folder with your reviews"):
        local_sources("files")


def many(count: int, prefix: str = "리뷰") -> list[tuple[str, str]]:
    return [(f"{prefix} {n}", ("neg", "pos")[n % 2]) for n in range(count)]


def test_one_file_is_cut_by_a_hash_of_the_text(folder: Path, tmp_path: Path) -> None:
    stars = [(text, {"neg": "1", "pos": "5"}[label]) for text, label in many(300)]
    (folder / "reviews.csv").write_text(csv_of([*stars, ("그저 그렇다", "3"), stars[0]]), "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    metrics = ingest(configured('"ingest.files.labels=1-2 / 4-5" ingest.dev_fraction=0.2'), out)
    texts = {name: read_reviews(out, name).texts for name in ("train", "dev", "test")}
    assert sorted(text for split in texts.values() for text in split if text != stars[0][0]) == sorted(
        text for text, _ in stars[1:]
    )
    assert set(texts["test"]) == {text for text, _ in stars if in_test(text, 0.1)}
    assert 10 < len(texts["test"]) < 60 and 20 < len(texts["dev"]) < 100
    assert (metrics["dropped_left_out"], metrics["dropped_empty"]) == (1, 0)
    assert not {path.name for path in out.iterdir()} & {"scratch"}


def test_a_file_of_dev_is_dev(folder: Path, tmp_path: Path) -> None:
    shared = ("dev와 train에 있다", "pos")
    for name, rows in {
        "train": [*many(40), shared],
        "dev": [*many(10, "개발"), shared],
        "test": many(10, "시험"),
    }.items():
        (folder / f"{name}.csv").write_text(csv_of(rows), "utf-8")
    (folder / "unsupervised.txt").write_text("레이블 없는 리뷰\n\n리뷰 1\n", "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    metrics = ingest(configured(), out)
    assert set(read_reviews(out, "dev").texts) == {text for text, _ in [*many(10, "개발"), shared]}
    assert set(read_reviews(out, "train").texts) == {text for text, _ in many(40)}
    assert read_reviews(out, "unsupervised").texts == ["레이블 없는 리뷰"]
    assert (metrics["dropped_in_another_split"], metrics["test_reviews"]) == (2, 10)
    assert "unused_splits" not in json.loads((out / "report.json").read_text("utf-8"))


def test_one_class_alone_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "reviews.csv").write_text(csv_of([(text, "pos") for text, _ in many(100)]), "utf-8")
    with pytest.raises(
        UserError, match=r"files: of \d+ reviews in train none has label 0; each of train, dev and test"
    ):
        ingest(configured(), tmp_path)


def test_nsmc_read_as_files_is_nsmc(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same reviews in the same order, so that what is made from them is the same to the bit."""
    hostile = ['"열린 따옴표', "", "줄\u2028바꿈", "a,b;c"]
    for name, count in (("train", 300), ("test", 60)):
        texts = [*hostile, *(f"{name} {n}" for n in range(count))]
        rows = "".join(f"{name}{n}\t{text}\t{n % 2}\n" for n, text in enumerate(texts))
        (folder / f"ratings_{name}.txt").write_text(f"id\tdocument\tlabel\n{rows}", "utf-8")
    monkeypatch.setenv("NSMC_DIR", str(folder))
    made = {}
    for data in ("nsmc", "files"):
        out = tmp_path / data
        out.mkdir()
        ingest(load_config(data, "lstm").ingest, out)
        made[data] = {path.name: path.read_bytes() for path in out.glob("*.parquet")}
    assert made["nsmc"] == made["files"] and len(made["files"]) == 3
