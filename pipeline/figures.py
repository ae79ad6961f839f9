"""Figures whose Korean text renders: matplotlib with a Korean font and this project's few colours."""

import importlib.util
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure

POSITIVE, NEGATIVE, NEUTRAL = "#2166ac", "#b2182b", "#777777"  # told apart by colour-blind readers too


def figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches."""
    _use_korean_font()
    return Figure(figsize=(width, height), layout="constrained")


def save(drawing: Figure, path: Path) -> None:
    drawing.savefig(path, dpi=144, metadata={"Software": None})  # the same drawing as the same bytes


def _use_korean_font() -> None:
    package = importlib.util.find_spec("koreanize_matplotlib")  # found, not imported: its code needs distutils
    fonts = Path(str(package.origin)).parent / "fonts" if package else Path()
    for path in (fonts / "NanumGothic.ttf", fonts / "NanumGothicBold.ttf"):
        if not any(font.fname == str(path) for font in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(str(path))
    matplotlib.rcParams.update({"font.family": "NanumGothic", "axes.unicode_minus": False})
