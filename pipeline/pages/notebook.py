"""A chapter of the course, executed, as a page: its contents, equations and figures in one file without scripts."""

import html
import re
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from pipeline.artifact.files import PACKAGE
from pipeline.pages.links import relink
from pipeline.pages.mathml import with_mathml
from pipeline.report.embedding import embed_font
from pipeline.support.figures import korean_font

HERE = Path(__file__).parent
ROOT = PACKAGE.parent
WORDS = {
    "ko": {"course": "과정", "contents": "차례", "previous": "앞 장", "next": "다음 장", "other": "English"},
    "en": {"course": "The course", "contents": "Contents", "previous": "Previous", "next": "Next", "other": "한국어"},
}


class Chapter(NamedTuple):
    """A notebook that was executed.

    Attributes:
        source: its `.py`, in a folder that is named after its language. executed: its `.ipynb`.
    """

    source: Path
    executed: Path

    @property
    def language(self) -> str:
        return self.source.parent.name

    @property
    def page(self) -> Path:
        return self.executed.with_suffix(".html")

    def read(self) -> Any:
        """Return the notebook; each of its images is described by the title of the section that it stands in."""
        notebook = nbformat.read(self.executed, as_version=4)
        section = ""
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                section = (re.findall(r"^#+ (.*)", cell.source, flags=re.MULTILINE) or [section])[-1]
            for output in cell.get("outputs", []):
                if "image/png" in output.get("data", {}):
                    output.metadata.setdefault("image/png", {})["alt"] = section
        return notebook

    @property
    def title(self) -> str:
        return heading_of(self.source.read_text("utf-8"))


def executed_chapters(folder: Path) -> list[Chapter]:
    """Return the chapters, Korean ones first, of which a folder holds the executed notebook."""
    sources = [source for language in ("ko", "en") for source in sorted((ROOT / "notebooks" / language).glob("*.py"))]
    chapters = [Chapter(source, folder / source.parent.name / f"{source.stem}.ipynb") for source in sources]
    return [chapter for chapter in chapters if chapter.executed.exists()]


def heading_of(source: str) -> str:
    """Return the first heading of a notebook as a `.py`.

    >>> heading_of("# %% [markdown]\\n# # One *word*\\n#\\n# ## Another")
    'One *word*'
    """
    return re.findall(r"^# # (.*)", source, flags=re.MULTILINE)[0]


def write_pages(chapters: list[Chapter], pages: dict[Path, Path]) -> None:
    """Write the page of each chapter beside its `.ipynb`.

    Args:
        chapters: of all languages, in the order of reading.
        pages: where each file stands that they may link to.
    """
    template = _environment().get_template("notebook.html")
    for chapter in chapters:
        of_language = [one for one in chapters if one.language == chapter.language]
        place = of_language.index(chapter)
        others = [one for one in chapters if one.source.name == chapter.source.name and one != chapter]
        body = _body(chapter, pages)
        page = template.render(
            language=chapter.language,
            title=chapter.title,
            words=WORDS[chapter.language],
            body=body,
            sections=re.findall(r'<h2 id="([^"]+)">(.*?)<a class="anchor-link"', body),
            previous=of_language[place - 1] if place else None,
            next=of_language[place + 1] if place + 1 < len(of_language) else None,
            other=others[0] if others else None,
            style=style(chapter.title + body),
        )
        chapter.page.write_text(page, "utf-8")


def write_index(path: Path, chapters: list[Chapter]) -> None:
    """Write the page that lists the chapters in order, in each language."""
    languages = {language: [one for one in chapters if one.language == language] for language in WORDS}
    page = (
        _environment()
        .get_template("notebooks.html")
        .render(
            languages={language: found for language, found in languages.items() if found},
            words=WORDS,
            relative=lambda chapter: chapter.page.relative_to(path.parent).as_posix(),
            style=style("".join(chapter.title for chapter in chapters)),
        )
    )
    path.write_text(page, "utf-8")


def style(text: str) -> str:
    """Return the style sheet of a page that holds this text: light or dark as the reader's system is.

    The font comes within it. A page that is opened from a disk may not load one from a file beside it.
    """
    light, dark = (HtmlFormatter(style=name).get_style_defs(".highlight") for name in ("default", "github-dark"))
    css = (HERE / "notebook.css").read_text("utf-8")
    font = embed_font(
        korean_font(), set(text) | set("".join(word for words in WORDS.values() for word in words.values()))
    )
    return f"{css.replace('FONT', font)}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _body(chapter: Chapter, pages: dict[Path, Path]) -> str:
    notebook = chapter.read()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(relink(cell.source, chapter.source, chapter.page, pages))
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(notebook)
    return body


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined)
    environment.filters["words"] = html.escape
    return environment
