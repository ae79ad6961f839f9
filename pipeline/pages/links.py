"""Links of Markdown files, which are right where the files stand, for pages that stand elsewhere."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)")


def relink(markdown: str, source: Path, page: Path, pages: Mapping[Path, Path]) -> str:
    """Return Markdown with each relative link turned to where a page now stands.

    Args:
        source: the file that the Markdown is of. page: where it goes.
        pages: the place of each file that a reader can go to, or of an image, by the file. A link to any other becomes
            its text.

    >>> relink("[a](b.md#c), [d](e.py)", Path("/x/a.md"), Path("/s/a.md"), {Path("/x/b.md"): Path("/s/t/b.md")})
    '[a](t/b.md#c), d'
    """
    return LINK.sub(_turned(source, page, pages), markdown)


def _turned(source: Path, page: Path, pages: Mapping[Path, Path]) -> Callable[[re.Match[str]], str]:
    def turned(found: re.Match[str]) -> str:
        target, _, anchor = found["target"].partition("#")
        if not target or ":" in target:
            return found[0]
        file = Path(os.path.normpath(source.parent / target))
        place = pages.get(file) or pages.get(file / "README.md")
        text = LINK.sub(turned, found["text"])  # an image within a link
        if place is None:
            return text
        return f"{found['image']}[{text}]({os.path.relpath(place, page.parent)}{'#' * bool(anchor)}{anchor})"

    return turned
