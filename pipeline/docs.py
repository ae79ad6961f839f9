"""docs: one static site of all that is written: the pages of the rooms, the course as executed, and the API."""

from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.artifact.files import PACKAGE
from pipeline.pages.notebook import executed_chapters
from pipeline.pages.site import build_site


def docs(artifacts: Path) -> None:
    """Build the site in `<artifacts>/docs/`, and print the path of its first page."""
    chapters = executed_chapters(artifacts.absolute() / "notebooks")
    configuration = PACKAGE.parent / "configs" / "mkdocs.yml"
    with TemporaryDirectory() as gathered:
        build_site(configuration, chapters, Path(gathered) / "pages", artifacts.absolute() / "docs")
    print(artifacts / "docs" / "index.html")
