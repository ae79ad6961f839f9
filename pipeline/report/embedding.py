"""Figures and fonts inside the page itself, so that it is one file."""

import struct
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from fontTools import subset

from pipeline.support.figures import DPI


class EmbeddedFigure(NamedTuple):
    """A PNG as a data URI, with the size at which it was drawn in pixels of CSS."""

    uri: str
    width: int
    height: int


def embed_figure(path: Path) -> EmbeddedFigure:
    """Return a PNG that was drawn at `DPI`."""
    content = path.read_bytes()
    width, height = (round(pixels * 96 / DPI) for pixels in struct.unpack(">II", content[16:24]))
    return EmbeddedFigure(_data_uri("image/png", content), width, height)


def embed_font(path: Path, characters: set[str]) -> str:
    """Return those characters alone of a font, as a data URI: not every machine has a Korean font."""
    options = subset.Options(flavor="woff", layout_features=[])
    options.drop_tables += [f"TSI{n}" for n in range(6)]  # notes of its editor
    cutter, written = subset.Subsetter(options), BytesIO()
    cutter.populate(text="".join(sorted(characters)))
    with subset.load_font(str(path), options) as font:
        cutter.subset(font)
        subset.save_font(font, written, options)
    return _data_uri("font/woff", written.getvalue())


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
