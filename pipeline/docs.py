"""docs: one static site of all that is written: the pages of the rooms, the course as executed, and the API."""

from pathlib import Path

from pipeline.artifact.files import PACKAGE
from pipeline.pages.notebook import executed_chapters
from pipeline.pages.site import build_site


def docs(artifacts: Path) -> None:
    """Build the site in `<artifacts>/docs/`, and print the path of its first page."""
    folder = artifacts.absolute()
    chapters = executed_chapters(folder / "notebooks")
    build_site(PACKAGE.parent / "configs" / "mkdocs.yml", chapters, folder / "docs.gathered", folder / "docs")
    print(artifacts / "docs" / "index.html")
