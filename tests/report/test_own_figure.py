"""The recipe "Your own figure" is true: four files, and the figure stands on the page in two languages."""

import re
from pathlib import Path

import pytest

from tests.recipe import Copy

EXPLAIN = """
import sys
from pathlib import Path
from pipeline.config.overlays import load_config
from pipeline.explain import explain
from tests.conftest import SMALL

ingest, tokenize, train, evaluate, out = map(Path, sys.argv[1:])
explain(load_config("maekrak", "lstm", SMALL).explain, ingest, tokenize, train, evaluate, {}, out)
"""


@pytest.mark.slow
def test_four_files_bring_a_figure_to_the_page(
    tmp_path: Path, ingest_folder: Path, tokenize_folder: Path, train_folder: Path, evaluate_folder: Path
) -> None:
    copy, out = Copy(tmp_path), tmp_path / "explain"
    assert copy.follow("Your own figure") == [
        "pipeline/report/lengths.py",
        "pipeline/explain.py",
        "pipeline/report/texts.yaml",
        "pipeline/report/page.html",
    ]
    out.mkdir()
    copy.run(EXPLAIN, ingest_folder, tokenize_folder, train_folder, evaluate_folder, out)
    assert (out / "lengths.png").read_bytes().startswith(b"\x89PNG")
    page = (out / "report.html").read_text("utf-8")
    assert "Short reviews and long ones" in page and "짧은 리뷰와 긴 리뷰" in page
    (alt,) = re.findall(r'alt="Accuracy on test by the number of pieces." data-en="[^"]*" data-ko="([^"]*)"', page)
    assert alt == "조각 수에 따른 test 정확도."
