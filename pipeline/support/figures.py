"""The style of figures: a Korean font, colours, and output that is the same bytes for the same drawing."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

DPI = 144
POSITIVE, NEGATIVE, NEUTRAL = "#2166ac", "#b2182b", "#777777"  # blue, red, grey: distinct for colour-blind readers


def line_colours(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name, distinct for colour-blind readers; after ten names they repeat."""
    palette = matplotlib.color_sequences["petroff10"]
    return {name: to_hex(palette[n % len(palette)]) for n, name in enumerate(names)}


def figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size, in inches, that can draw Korean text, in matplotlib's own style."""
    matplotlib.rcdefaults()  # else a matplotlibrc of the user's would style it
    _use_korean_font()
    return Figure(figsize=(width, height), layout="constrained")


def save(drawing: Figure, path: Path) -> None:
    """Write a figure. The same drawing gives the same bytes."""
    drawing.savefig(path, dpi=DPI, metadata={"Software": None})  # else the file names the version of matplotlib


def korean_font() -> Path:
    """Return the file of the regular font, NanumGothic; the bold one is `NanumGothicBold.ttf` beside it."""
    package = importlib.util.find_spec("koreanize_matplotlib")  # found, not imported: its code needs distutils
    return (Path(str(package.origin)).parent if package else Path()) / "fonts" / "NanumGothic.ttf"


def _use_korean_font() -> None:
    for path in (korean_font(), korean_font().with_stem("NanumGothicBold")):
        if not any(font.fname == str(path) for font in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(str(path))
    matplotlib.rcParams.update({"font.family": "NanumGothic", "axes.unicode_minus": False})
    matplotlib.rcParams["text.parse_math"] = False  # text between two $ of a review is no formula
