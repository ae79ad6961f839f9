"""notebooks: the pages of the course, of the notebooks that were executed, with an index that links them in order."""

from pathlib import Path

from pipeline.artifact.files import PACKAGE
from pipeline.pages.notebook import executed_chapters, write_index, write_pages

ROOT = PACKAGE.parent


def notebooks(artifacts: Path) -> None:
    """Write `<artifacts>/notebooks/index.html` and the pages of the chapters, and print the path of the index."""
    folder = artifacts.absolute() / "notebooks"
    chapters = executed_chapters(folder)
    readmes = {readme: readme for readme in (*ROOT.glob("*.md"), *PACKAGE.rglob("*.md"))}
    write_pages(chapters, readmes | {chapter.source: chapter.page for chapter in chapters})
    write_index(folder / "index.html", chapters)
    print(artifacts / "notebooks" / "index.html")
