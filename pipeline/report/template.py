"""Fill a page's template: strictly, with everything escaped, and with the letters of the Korean font that it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.report.embedding import embed_font
from pipeline.support.figures import NEGATIVE, POSITIVE, korean_font

FOLDER = Path(__file__).parent


def render(name: str, content: dict[str, Any], **filters: Callable[..., Any]) -> str:
    """Return the page of a template of this folder; besides `content` it may use style, colours and fonts.

    Args:
        filters: what the template may write a value with, besides count.
    """
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": lambda count: f"{int(count):,}", **filters}
    template = environment.get_template(name)
    look = {
        "style": Markup((FOLDER / "page.css").read_text("utf-8")),
        "colours": {"positive": POSITIVE, "negative": NEGATIVE},
    }
    characters = set(template.render(content, **look, fonts={}))
    regular, bold = korean_font(), korean_font().with_stem("NanumGothicBold")
    fonts = {400: embed_font(regular, characters), 700: embed_font(bold, characters)}
    return template.render(content, **look, fonts=fonts)
