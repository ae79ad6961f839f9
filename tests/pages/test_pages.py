"""Pages of the course: one file each, without a script, and links that lead where they should."""

import json
from pathlib import Path

import nbformat
import pytest

from pipeline.pages.links import relink
from pipeline.pages.mathml import with_mathml
from pipeline.pages.notebook import Chapter, write_index, write_pages
from pipeline.pages.site import OUTSIDE, ROOT, build_site, gather, room_pages

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
SOURCE = """# %% [markdown]
# # {title}
#
# $h_t$ of [the cells](../../pipeline/README.md) and [`a.py`](../a.py)
#
# ## Part
"""


@pytest.fixture
def chapters(tmp_path: Path) -> list[Chapter]:
    """Two executed chapters, each with a figure, in each language."""
    made = []
    for language in ("ko", "en"):
        for name in ("01_one", "02_two"):
            source = tmp_path / "notebooks" / language / f"{name}.py"
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(SOURCE.format(title=f"{name} 맥락 {language}"), "utf-8")
            markdown = "\n".join(line[2:] for line in source.read_text("utf-8").splitlines()[1:])
            shown = nbformat.v4.new_output("display_data", {"image/png": PNG})
            code = nbformat.v4.new_code_cell("1 + 1", outputs=[shown])
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(markdown), code])
            executed = tmp_path / "out" / language / f"{name}.ipynb"
            executed.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, executed)
            made.append(Chapter(source, executed))
    return made


def test_a_page_holds_all_it_needs_and_leads_on(chapters: list[Chapter], tmp_path: Path) -> None:
    readme = tmp_path / "pipeline" / "README.md"
    write_pages(chapters, {readme: readme} | {chapter.source: chapter.page for chapter in chapters})
    page = chapters[0].page.read_text("utf-8")
    assert "<script" not in page and not OUTSIDE.search(page)
    assert "<math" in page and "$h_t$" not in page
    assert 'href="../../pipeline/README.md"' in page and "../a.py" not in page
    assert '<li><a href="#Part">Part</a></li>' in page
    assert 'alt="Part"' in page
    assert 'href="02_two.html"' in page and 'href="../en/01_one.html"' in page
    assert "url(data:font/woff" in page.replace('"', "")
    assert 'href="01_one.html"' in chapters[1].page.read_text("utf-8")


def test_the_index_lists_the_chapters_in_order(chapters: list[Chapter], tmp_path: Path) -> None:
    write_index(tmp_path / "out" / "index.html", chapters)
    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    places = [
        index.index(f'href="{language}/{name}.html"') for language in ("ko", "en") for name in ("01_one", "02_two")
    ]
    assert places == sorted(places)


def test_dollars_in_code_are_no_equation() -> None:
    assert with_mathml("```sh\necho $HOME $x$\n```") == "```sh\necho $HOME $x$\n```"
    assert with_mathml("costs 5 $ or 6 $ more") == "costs 5 $ or 6 $ more"
    assert with_mathml("$$a\n= b$$").count('display="block"') == 1


def test_a_link_to_what_has_no_page_is_its_text() -> None:
    here, page = Path("/project/README.md"), Path("/site/index.md")
    assert relink("see [the code](code.py), https://a.b", here, page, {}) == "see the code, https://a.b"
    assert relink("[out](https://a.b/c)", here, page, {}) == "[out](https://a.b/c)"


def test_the_site_gathers_every_room_in_its_languages(chapters: list[Chapter], tmp_path: Path) -> None:
    navigation = gather(chapters, tmp_path / "gathered")
    for places in room_pages(tmp_path / "gathered").values():
        for place in places.values():
            assert place.exists(), place
    assert [next(iter(part)) for part in navigation] == ["Maekrak", "한국어", "English", "API"]
    figure = tmp_path / "gathered" / "ko" / "course" / "01_one-1.png"
    assert figure.exists() and figure.name in figure.with_name("01_one.md").read_text("utf-8")
    assert "::: pipeline.cells.lstm" in (tmp_path / "gathered" / "api" / "pipeline.cells.md").read_text("utf-8")


@pytest.mark.parametrize("address", ["https://unpkg.com/a.js", "//fonts.googleapis.com/css"])
def test_a_script_from_elsewhere_is_found(address: str) -> None:
    assert OUTSIDE.search(f'<script src="{address}"></script>')
    assert not OUTSIDE.search(f'<a href="{address}">out</a> <script src="assets/a.js"></script>')


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(chapters: list[Chapter], tmp_path: Path) -> None:
    """Strictly: a link or an anchor that leads nowhere, or a script from elsewhere, would be an error."""
    build_site(ROOT / "configs" / "mkdocs.yml", chapters, tmp_path / "gathered", tmp_path / "site")
    index = json.loads((tmp_path / "site" / "search" / "search_index.json").read_text("utf-8"))
    assert index["config"]["lang"] == ["en", "ko"]
    assert {"01_one 맥락 ko", "pipeline.cells"} <= {entry["title"] for entry in index["docs"]}
    assert 'lang="ko"' in (tmp_path / "site" / "ko" / "index.html").read_text("utf-8")
