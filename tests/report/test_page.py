"""The report is one page that stands alone, says the same in two languages, and shows what it is given as text."""

import re
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from pipeline.report.embedding import embed_font
from pipeline.report.page import FOLDER
from pipeline.support.figures import korean_font
from tests.chromium import CHROMIUM, needs_chromium
from tests.conftest import Explained
from tests.measured import HOSTILE, MEASURES

VOID = {"meta", "link", "img", "br", "input"}


class Page(HTMLParser):
    """What a page is made of: the texts below each tag, its attributes, and whether every tag is closed in turn."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.attributes if name == tag]


@pytest.fixture(scope="module")
def content(explained: Explained) -> str:
    return (explained.folder / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def page(content: str) -> Page:
    return Page(content)


def test_it_is_well_formed_and_of_a_language(content: str, page: Page) -> None:
    assert content.lstrip().startswith("<!doctype html>")
    assert page.open == []
    assert page.of("html") == [{"lang": "en"}]
    ids = [attributes["id"] for _, attributes in page.attributes if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"].removeprefix("#") for a in page.of("a")} | {s["aria-labelledby"] for s in page.of("section")}
    assert targets == {*ids, "ko", "en"}


def test_it_asks_for_nothing(content: str, page: Page) -> None:
    sources = [a[name] for _, a in page.attributes for name in ("src", "href", "srcset", "action") if name in a]
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert re.findall(r"url\(\"(.{5})", content) == ["data:"] * 2
    assert not re.findall(r"https?://|@import|fetch\(|XMLHttpRequest", content)


def test_every_figure_is_there_with_words_in_both_languages(page: Page) -> None:
    assert len(page.of("img")) == 9  # six of explain, three of evaluate
    for image in page.of("img"):
        assert image["alt"] == image["data-en"]
        assert re.search("[가-힣]", image["data-ko"])
        assert int(image["width"]) > 100


def test_all_is_said_in_both_languages(page: Page) -> None:
    spans = page.of("span")
    english, korean = ([n for n, span in enumerate(spans) if span.get("class") == name] for name in ("en", "ko"))
    assert [n + 1 for n in english] == korean
    assert len(english) > 50


def test_every_text_is_shown_and_has_its_words_in_both_languages(content: str) -> None:
    """Ids are written out in the template, or made of the name of a figure, column, method, gate or section."""
    structure = (FOLDER / "page.html").read_text("utf-8")
    words = yaml.safe_load((FOLDER / "texts.yaml").read_text("utf-8"))
    for id, both in words.items():
        assert list(both) == ["en", "ko"] and all(both.values()), id
        assert re.findall(r"{\w+}", both["en"]) == re.findall(r"{\w+}", both["ko"]), id
    written_out = set(re.findall(r'\b(?:t|text)\("([\w.]*\w)"', structure))
    assert written_out <= set(words)
    unused = {"reset", "update", "any_other"}  # of gates that lstm has not
    none = {
        "reading.nowhere",
        "flip.none",
        "gates.none",
        "phrases.none",
        "errors.none",
        *(f"gate.{name}" for name in unused),
    }
    shown = re.sub(r"\s+", " ", unescape(content))
    missing = [id for id, both in words.items() if re.split("{", both["ko"])[0] not in shown and id not in none]
    assert missing == []


def test_its_sources_have_no_long_lines() -> None:
    for name in ("page.html", "page.css", "texts.yaml"):
        assert max(map(len, (FOLDER / name).read_text("utf-8").splitlines())) <= 120, name


def test_reviews_are_text_and_not_markup(content: str, page: Page) -> None:
    assert HOSTILE not in content
    assert page.texts.count(HOSTILE) == 3  # an error, the example of a phrase, and a case
    assert len(page.of("script")) == 1


def test_every_measure_and_model_is_shown(page: Page) -> None:
    assert {"of_another_version", "lstm-quick", "twin"} <= {text.strip() for text in page.texts}
    text = "".join(page.texts)
    assert all(measure not in text for measure in MEASURES.split()[:-1])  # these have names in words
    assert text.count("90.0%") >= 2 * (len(MEASURES.split()) - 1)
    assert "+10.0" in text
    assert page.texts.count("–") == 4  # both models and the gain of what is the baseline's alone; what the twin lacks


def test_it_opens_with_a_phrase_alone_and_in_two_contexts(content: str, page: Page) -> None:
    """What stands around the phrase can be hidden; then each row shows what the phrase alone gets."""
    first = content[content.index("<main>") : content.index("</section>")]
    text = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", first)))
    assert "배우들 연기가 진짜 죽인다" in text and "아까운 내 시간만 죽인다" in text
    assert '<span class="context">배우들 연기가 진짜 </span><b>죽인다</b>' in first
    assert re.findall(r'class="whole">([^<]*)</span><span class="alone">([^<]*)<', first) == [
        *(("55.0%", "55.0%"), ("65.0%", "65.0%"), ("90.0%", "55.0%"), ("70.0%", "65.0%")),
        *(("20.0%", "55.0%"), ("60.0%", "65.0%")),
    ]
    assert re.findall(r'class="whole">([+−][\d.]+)<', first) == ["+2.00", "−1.59"]
    assert "from the 3 of 3 hand-written pairs" in text
    assert "of all 100, the network gets both members right in 90.0% (95% interval 88.0%–92.0%)" in text


def test_its_own_command_is_told(page: Page) -> None:
    assert 'make explain DATA=maekrak CELL=lstm PRESET=quick TEXT="…" AGAINST="…"' in page.texts


def test_gates_are_told_of_by_name(page: Page) -> None:
    assert [text for text in ("c", "input", "forget", "candidate", "output") if text not in page.texts] == []


def test_attribution_is_told_by_more_than_colour(page: Page) -> None:
    pieces = [span for span in page.of("span") if span.get("class", "").startswith("piece ")]
    for piece in pieces:
        assert re.search("−" if "minus" in piece["class"] else r"\+", piece["title"])
        assert 0 <= float(piece["style"].removeprefix("--share: ")) <= 1
    assert sum(piece["style"] == "--share: 1.000" for piece in pieces) == 2  # the largest of each method


def test_the_font_is_cut_to_what_is_written() -> None:
    assert len(embed_font(korean_font(), set("맥락"))) < 5000


@needs_chromium
@pytest.mark.parametrize(("language", "hidden", "title"), [("ko", "en", "맥락"), ("en", "ko", "Maekrak")])
def test_a_browser_shows_it_in_the_language_asked_for(
    explained: Explained, tmp_path: Path, language: str, hidden: str, title: str
) -> None:
    probe = """<script>
    for (const kind of ["en", "ko"]) {
      const shown = [...document.querySelectorAll("." + kind)].filter((e) => getComputedStyle(e).display !== "none");
      document.body.dataset[kind] = shown.length;
    }
    const rows = [...document.querySelectorAll(".flip tbody tr")];
    document.body.dataset.rows = rows.filter((row) => row.offsetHeight > 0).length;
    document.body.style.width = "360px";  // of a phone; chromium has no window as narrow
    document.body.dataset.width = document.body.scrollWidth;
    document.body.dataset.requests = performance.getEntriesByType("resource").filter(
      (entry) => !entry.name.startsWith("data:")).length;
    </script>"""
    shown = tmp_path / "report.html"
    shown.write_text((explained.folder / "report.html").read_text("utf-8") + probe, "utf-8")
    flags = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
    browser = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", *flags.split(), "--no-first-run"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000"),
            *("--enable-logging=stderr", "--v=0", "--dump-dom", f"{shown.as_uri()}#{language}"),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "CONSOLE" not in browser.stderr
    page = Page(browser.stdout)
    assert page.of("html") == [{"lang": language}]
    (body,) = page.of("body")
    assert body[f"data-{hidden}"] == "0"
    assert int(body[f"data-{language}"]) > 50
    assert body["data-rows"] == "3"  # alone, in praise, in blame
    assert body["data-width"] == "360"
    assert body["data-requests"] == "0"
    assert all(image["alt"] == image[f"data-{language}"] for image in page.of("img"))
    assert f">{title}: maekrak, lstm-quick</title>" in browser.stdout
    (current,) = [link for link in page.of("a") if "aria-current" in link]
    assert current["href"] == f"#{language}"
