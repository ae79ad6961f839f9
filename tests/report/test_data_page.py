"""The page on a data set stands alone, is the same bytes each time, and shows what it is given as text."""

import json
from pathlib import Path

import pytest

from pipeline.config.overlays import load_config
from pipeline.ingest import ingest
from tests.report.test_page import Page

HOSTILE = "<script>alert(1)</script> & \"죽인다\" 'x'"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("reviews")
    rows = [{"text": f"{HOSTILE} {n}", "label": n % 2} for n in range(200)] + [{"text": HOSTILE, "label": 0}]
    rows += [{"text": HOSTILE, "label": 1}, {"text": "very good", "label": 1}, {"text": "", "label": 1}]
    (folder / "reviews.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    outs = [tmp_path_factory.mktemp("out") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILES_DIR", str(folder))
        for out in outs:
            ingest(load_config("files", "lstm").ingest, out)
    return [out / "report.html" for out in outs]


def test_it_is_whole_and_says_both_languages(made: list[Path]) -> None:
    page = Page(made[0].read_text("utf-8"))
    assert page.open == []
    ids = [attributes["id"] for attributes in page.of("h2")]
    assert ids == ["splits", "lengths", "conflicts", "near", "languages", "leaked", "sources"]
    spans = [attributes["lang"] for attributes in page.of("span") if "lang" in attributes]
    assert spans.count("en") == spans.count("ko") > 40
    assert not any(value.startswith("http") for _, given in page.attributes for value in given.values())


def test_texts_are_shown_as_text(made: list[Path]) -> None:
    page = Page(made[0].read_text("utf-8"))
    assert len(page.of("script")) == 1
    assert any(HOSTILE in text for text in page.texts)


def test_it_is_the_same_bytes_each_time(made: list[Path]) -> None:
    assert made[0].read_bytes() == made[1].read_bytes()
