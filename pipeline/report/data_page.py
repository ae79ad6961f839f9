"""The page on a data set, `ingest/report.html`: what a person should look at before anything is trained on it.

`data_page.html` is its structure, `data_page.yaml` its words in two languages; the look is the report's, `page.css`.
"""

from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.datasets.quality import PERMUTATIONS, SHINGLE, SIMILAR, Quality
from pipeline.report.embedding import embed_font
from pipeline.support.figures import NEGATIVE, POSITIVE, korean_font

FOLDER = Path(__file__).parent


def write_data_report(path: Path, report: dict[str, Any], quality: Quality) -> None:
    """Write the page.

    Args:
        report: what `report.json` holds.
    """
    longest = max(row.negative + row.positive for row in quality.lengths)
    content = {
        "text": yaml.safe_load((FOLDER / "data_page.yaml").read_text("utf-8")),
        "style": Markup((FOLDER / "page.css").read_text("utf-8")),
        "colours": {"positive": POSITIVE, "negative": NEGATIVE},
        "report": report,
        "quality": quality,
        "longest": max(longest, 1),
        "similar": f"{100 * SIMILAR:.0f}%",
        "shingle": SHINGLE,
        "permutations": PERMUTATIONS,
    }
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": lambda share: f"{100 * share:.1f}%", "count": lambda count: f"{int(count):,}"}
    template = environment.get_template("data_page.html")
    characters = set(template.render(content, fonts={}))
    regular, bold = korean_font(), korean_font().with_stem("NanumGothicBold")
    fonts = {400: embed_font(regular, characters), 700: embed_font(bold, characters)}
    path.write_text(template.render(content, fonts=fonts), "utf-8")
