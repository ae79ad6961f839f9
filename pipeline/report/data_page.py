"""The page on a data set, `ingest/report.html`: what a person should look at before anything is trained on it.

`data_page.html` is its structure, `data_page.yaml` its words in two languages; the look is the report's, `page.css`.
"""

from pathlib import Path
from typing import Any

import yaml

from pipeline.datasets.quality import PERMUTATIONS, SHINGLE, SIMILAR, Quality
from pipeline.report.template import FOLDER, render


def write_data_report(path: Path, report: dict[str, Any], quality: Quality) -> None:
    """Write the page.

    Args:
        report: what `report.json` holds.
    """
    longest = max(row.negative + row.positive for row in quality.lengths)
    content = {
        "text": yaml.safe_load((FOLDER / "data_page.yaml").read_text("utf-8")),
        "report": report,
        "quality": quality,
        "longest": max(longest, 1),
        "similar": f"{100 * SIMILAR:.0f}%",
        "shingle": SHINGLE,
        "permutations": PERMUTATIONS,
    }
    page = render("data_page.html", content, percent=lambda share: f"{100 * share:.1f}%")
    path.write_text(page, "utf-8")
