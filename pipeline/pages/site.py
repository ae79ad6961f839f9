"""The static site: what the rooms' pages, the executed course and the docstrings say, gathered for MkDocs.

Nothing is fetched when the site is built or read: fonts and scripts come with it, equations are MathML.
"""

import logging
import re
import shutil
from base64 import b64decode
from pathlib import Path
from typing import Any

from nbconvert import MarkdownExporter

from pipeline.artifact.files import PACKAGE
from pipeline.pages.links import LINK, relink
from pipeline.pages.mathml import with_mathml
from pipeline.pages.notebook import Chapter, heading_of
from pipeline.report.embedding import embed_font
from pipeline.support.errors import UserError
from pipeline.support.figures import korean_font

ROOT = PACKAGE.parent
TITLES = {
    "ko": {"site": "한국어", "course": "과정", "rooms": "방", "api": "API (영어)"},
    "en": {"site": "English", "course": "The course", "rooms": "The rooms", "api": "API"},
}
LANDING = """---
hide: [navigation, toc]
---
# 맥락 (Maekrak)

- [한국어](ko/index.md)
- [English](en/index.md)
"""
OUTSIDE = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["']?(https?:)?//[^"'> ]+""")


def build_site(configuration: Path, chapters: list[Chapter], gathered: Path, site: Path) -> None:
    """Gather all pages in a folder, and build the site of them; a link that leads nowhere is an error.

    Raises:
        UserError: if MkDocs warns of anything, or a page would fetch something from elsewhere.
    """
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort

    navigation = gather(chapters, gathered)
    config = load_config(str(configuration), docs_dir=str(gathered), site_dir=str(site), nav=navigation, strict=True)
    logging.getLogger("mkdocs").addHandler(logging.StreamHandler())  # else its warnings would go nowhere
    try:
        build(config)
    except Abort as error:
        raise UserError(f"docs: {error}") from None
    for page in sorted(site.rglob("*.html")):
        if found := OUTSIDE.search(page.read_text("utf-8")):
            raise UserError(f"{page}: {found[0]}...: a page must fetch nothing from elsewhere")


def gather(chapters: list[Chapter], gathered: Path) -> list[Any]:
    """Write all pages as Markdown below a folder, and return MkDocs's navigation of them."""
    rooms = room_pages(gathered)
    pages = {source: place for places in rooms.values() for source, place in places.items()}
    pages |= {
        chapter.source: gathered / chapter.language / "course" / f"{chapter.source.stem}.md" for chapter in chapters
    }
    _write(gathered / "index.md", LANDING)
    for source, place in list(pages.items()):
        if source.suffix == ".md":
            text = source.read_text("utf-8")
            images = _copy_images(text, source, gathered)
            _write(place, with_mathml(relink(text, source, place, pages | images)))
    for chapter in chapters:
        _write_chapter(chapter, pages)
    api = _write_api(gathered)
    written = set("".join(page.read_text("utf-8") for page in gathered.rglob("*.md"))) | set(map(chr, range(32, 127)))
    css = (Path(__file__).parent / "site.css").read_text("utf-8")
    _write(gathered / "assets" / "site.css", css.replace("FONT", embed_font(korean_font(), written)))

    def shown(place: Path) -> str:
        return place.relative_to(gathered).as_posix()

    navigation: list[Any] = [{"Maekrak": "index.md"}]
    for language, words in TITLES.items():
        course = [
            {heading_of(chapter.source.read_text("utf-8")): shown(pages[chapter.source])}
            for chapter in chapters
            if chapter.language == language
        ]
        listed = [{_title(source): shown(place)} for source, place in rooms[language].items()]
        navigation.append({words["site"]: [*listed[:1], {words["course"]: course}, {words["rooms"]: listed[1:]}]})
    return [*navigation, {TITLES["en"]["api"]: [{room: shown(place)} for room, place in api.items()]}]


def room_pages(gathered: Path) -> dict[str, dict[Path, Path]]:
    """Return the place of each page of the project, by its file, for each language; the front page is first."""
    english = [ROOT / "README.md", *sorted(ROOT.glob("[a-z]*/README.md")), *sorted(PACKAGE.glob("*/README.md"))]
    korean = [source.with_name("README.ko.md") for source in english]

    def place(source: Path, language: str) -> Path:
        parts = source.parent.relative_to(ROOT).parts
        return gathered / language / (f"{'-'.join(parts)}.md" if parts else "index.md")

    return {
        "ko": {source: place(source, "ko") for source in korean if source.exists()},
        "en": {source: place(source, "en") for source in [*english, ROOT / "CHANGELOG.md"] if source.exists()}
        | {ROOT / "CHANGELOG.md": gathered / "en" / "changelog.md"},
    }


def _title(source: Path) -> str:
    return re.findall(r"^# (.*)", source.read_text("utf-8"), flags=re.MULTILINE)[0]


def _copy_images(text: str, source: Path, gathered: Path) -> dict[Path, Path]:
    images = {}
    for found in LINK.finditer(text):
        file = (source.parent / found["target"]).resolve()
        if found["image"] and file.is_file():
            images[file] = gathered / "images" / file.name
            images[file].parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, images[file])
    return images


def _write_chapter(chapter: Chapter, pages: dict[Path, Path]) -> None:
    place = pages[chapter.source]
    notebook = chapter.read()
    figures = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(relink(cell.source, chapter.source, place, pages)).replace(
                "<details>", '<details markdown="1">'
            )
        for output in cell.get("outputs", []):
            if png := output.get("data", {}).pop("image/png", None):
                figures += 1
                figure = place.with_name(f"{place.stem}-{figures}.png")
                figure.parent.mkdir(parents=True, exist_ok=True)
                figure.write_bytes(b64decode(png))
                described = output.metadata["image/png"]["alt"].replace("[", "(").replace("]", ")")
                output.data["text/markdown"] = f"![{described}]({figure.name})"
    markdown, _ = MarkdownExporter().from_notebook_node(notebook)
    _write(place, markdown)


def _write_api(gathered: Path) -> dict[str, Path]:
    """Write a page for each room, with what its modules' docstrings say, and one for the verbs above them."""
    rooms: dict[str, list[str]] = {"pipeline": [f"pipeline.{path.stem}" for path in _modules(PACKAGE)]}
    for room in sorted(path.parent for path in PACKAGE.glob("*/__init__.py")):
        modules = [path for path in sorted(room.rglob("*.py")) if path.stem != "__init__"]
        rooms[f"pipeline.{room.name}"] = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules]
    places = {name: gathered / "api" / f"{name}.md" for name in rooms}
    for name, place in places.items():
        _write(place, "\n\n".join([f"# {name}", *(f"::: {module}" for module in rooms[name])]))
    return places


def _modules(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("__")]


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")
