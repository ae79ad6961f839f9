"""Figures whose Korean text renders: matplotlib with a Korean font and this project's few colours."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

DPI = 144
POSITIVE, NEGATIVE, NEUTRAL = "#2166ac", "#b2182b", "#777777"  # told apart by colour-blind readers too


def line_colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, told apart by colour-blind readers too."""
    palette = matplotlib.color_sequences["petroff10"]
    return {name: to_hex(palette[n % len(palette)]) for n, name in enumerate(names)}


def figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches."""
    _use_korean_font()
    return Figure(figsize=(width, height), layout="constrained")


def save(drawing: Figure, path: Path) -> None:
    drawing.savefig(path, dpi=DPI, metadata={"Software": None})  # the same drawing as the same bytes


def korean_font() -> Path:
    """The file of the font that texts are set in; its bold one lies beside it."""
    package = importlib.util.find_spec("koreanize_matplotlib")  # found, not imported: its code needs distutils
    return (Path(str(package.origin)).parent if package else Path()) / "fonts" / "NanumGothic.ttf"


def _use_korean_font() -> None:
    for path in (korean_font(), korean_font().with_stem("NanumGothicBold")):
        if not any(font.fname == str(path) for font in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(str(path))
    matplotlib.rcParams.update({"font.family": "NanumGothic", "axes.unicode_minus": False})
    matplotlib.rcParams["text.parse_math"] = False  # what stands between two $ of a review is no formula
