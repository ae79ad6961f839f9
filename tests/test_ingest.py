"""Splits share no text, and dropped texts are counted."""

import json
from pathlib import Path

import pytest

from pipeline.config.overlays import load_config
from pipeline.ingest import in_dev, ingest
from pipeline.support.errors import UserError
from pipeline.text.reviews import read_reviews

CONFIG = load_config("nsmc", "lstm", "ingest.dev_fraction=0.2").ingest
TRAIN = ["좋다", "나쁘다", " 좋다 ", "", "시험에도 있다", *(f"리뷰 {i}" for i in range(100))]
TEST = ["시험에도 있다", "시험에만 있다", "시험에만 있다", "   "]
UNLABELLED = ["나쁘다", "시험에만  있다", "새 글", "새 글", ""]


@pytest.fixture
def nsmc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "nsmc"
    folder.mkdir()
    for name, texts in {"train": TRAIN, "test": TEST}.items():
        rows = "".join(f"{i}\t{text}\t{i % 2}\n" for i, text in enumerate(texts))
        (folder / f"ratings_{name}.txt").write_text(f"id\tdocument\tlabel\n{rows}", "utf-8")
    (folder / "unlabelled.txt").write_text("\n".join(UNLABELLED), "utf-8")
    monkeypatch.setenv("NSMC_DIR", str(folder))
    return folder


def run(tmp_path: Path) -> tuple[dict[str, float], Path]:
    out = tmp_path / "out"
    out.mkdir()
    return ingest(CONFIG, out), out


def test_no_text_is_in_two_splits(nsmc: Path, tmp_path: Path) -> None:
    metrics, out = run(tmp_path)
    texts = {name: read_reviews(out, name).texts for name in ("train", "dev", "test", "unsupervised")}
    assert sorted(texts["train"] + texts["dev"]) == sorted({"좋다", "나쁘다", *TRAIN[5:]})
    assert sorted(texts["test"]) == ["시험에도 있다", "시험에만 있다", "시험에만 있다"]
    assert texts["unsupervised"] == ["새 글"]
    assert {name: metrics[f"dropped_{name}"] for name in ("empty", "in_another_split", "repeated")} == {
        "empty": 2,
        "in_another_split": 3,
        "repeated": 2,
    }


INVISIBLE = ["\u200b", "\ufeff", "\u200f", "\u00ad", "\u2060", "\u3164"]


def test_what_a_reader_or_the_tokenizer_does_not_see_lets_no_text_through(nsmc: Path, tmp_path: Path) -> None:
    planted = [f"시험에만{character} 있다" for character in INVISIBLE]  # test holds "시험에만 있다"
    as_read = ["시험\u200b하나", "시험 하나"]  # the tokenizer reads the first of them, which is in test, as the second
    nothing = [*INVISIBLE, "\u200b\ufeff \u3164", "\ufffd\ufffd"]
    for name, texts in {"train": [*TRAIN, *planted, as_read[1], *nothing], "test": [*TEST, as_read[0]]}.items():
        rows = "".join(f"{i}\t{text}\t{i % 2}\n" for i, text in enumerate(texts))
        (nsmc / f"ratings_{name}.txt").write_text(f"id\tdocument\tlabel\n{rows}", "utf-8")
    metrics, out = run(tmp_path)
    kept = read_reviews(out, "train").texts + read_reviews(out, "dev").texts
    assert sorted(kept) == sorted({"좋다", "나쁘다", *TRAIN[5:]})
    assert metrics["dropped_empty"] == 2 + len(nothing)  # two are there without them
    assert metrics["dropped_in_another_split"] == 3 + len(planted) + 1


def test_the_report_names_the_sources_and_the_folder_holds_nothing_else(nsmc: Path, tmp_path: Path) -> None:
    metrics, out = run(tmp_path)
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert report["origin"] == "local files"
    assert set(report["sources"]) == {"ratings_train.txt", "ratings_test.txt", "unlabelled.txt"}
    assert report["splits"]["train"]["reviews"] == metrics["train_reviews"]
    assert report["splits"]["test"]["positive_share"] == pytest.approx(1 / 3)
    assert {path.name for path in out.iterdir()} == {
        "report.html", "report.json", "train.parquet", "dev.parquet", "test.parquet", "unsupervised.parquet",
    }  # fmt: skip


def test_a_split_that_is_not_read_is_said(
    nsmc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    from pipeline.datasets.nsmc import nsmc_dataset_builder as module

    read = module._read_local
    monkeypatch.setattr(module, "_read_local", lambda folder: {**read(folder), "validation": read(folder)["train"]})
    _, out = run(tmp_path)
    assert json.loads((out / "report.json").read_text("utf-8"))["unused_splits"] == ["validation"]
    said = "ingest: nsmc has the split validation too, which is not read: dev is cut from train"
    assert said in capsys.readouterr().out.splitlines()


def test_a_split_without_one_of_the_labels_is_named(nsmc: Path, tmp_path: Path) -> None:
    (nsmc / "ratings_test.txt").write_text("id\tdocument\tlabel\n1\t좋다\t1\n2\t더 좋다\t1\n", "utf-8")
    with pytest.raises(UserError, match=r"nsmc: of 2 reviews in test none has label 0; each of train, dev and test"):
        run(tmp_path)
    assert not list((tmp_path / "out").glob("*.parquet"))


def test_a_label_of_neither_kind_is_named(nsmc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import ingest as module

    def read(builder: object, split: str, dropped: object) -> list[tuple[str, int]]:  # TFDS has -1 for a hidden label
        return [(f"{split} {i}", i % 2) for i in range(100)] + [(f"{split} 모른다", -1)]

    monkeypatch.setattr(module, "_read", read)
    with pytest.raises(UserError, match=r"nsmc: \w+ holds the label -1; allowed: 0 \(bad\) and 1 \(good\)"):
        run(tmp_path)


def test_dev_has_its_fraction_of_train_and_is_always_the_same() -> None:
    chosen = [in_dev(f"리뷰 {i}", 0.05) for i in range(10_000)]
    assert 400 < sum(chosen) < 600
    assert in_dev("죽인다", 0.49) and not in_dev("죽인다", 0.48)  # its sha256 begins with 0x7c18: 0.4847 of the way
