"""The report: one page that holds all there is to see of a model, in two languages and without a network.

Its words stand in `page.html` beside this; here is what they are filled with.
"""

import struct
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools import subset
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.artifact.manifest import read_manifest
from pipeline.artifact.tables import read_table
from pipeline.config.names import make_arguments
from pipeline.report.attribution import Attribution
from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.support.figures import DPI, NEGATIVE, POSITIVE, korean_font

Row = dict[str, str]


def write_report(
    out: Path,
    data: str,
    measured: dict[str, Path],
    readings: dict[str, PrefixPredictions],
    attributions: dict[str, Attribution],
    gates: list[str],
) -> None:
    """Write `report.html` around the figures that stand in `out`.

    Args:
        measured: the `evaluate` artifact of each model, that of the model which is explained first.
        readings, attributions: of the explained texts, by their names; gates: the names of those that are drawn.
    """
    evaluate = next(iter(measured.values()))
    figures = sorted([*out.glob("*.png"), *evaluate.glob("*.png")])
    largest = {
        method: max(abs(getattr(attribution, method)).max() for attribution in attributions.values())
        for method in ("integrated_gradients", "occlusion")
    }
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"percent": percent, "gain": gain}
    templates.tests["starting"] = lambda text, start: text.startswith(start)
    content: dict[str, Any] = {
        "data": data,
        "models": list(measured),
        "typed": make_arguments(data, next(iter(measured))),
        "language": read_manifest(evaluate).config["pairs"],
        "figures": {path.name: embed_figure(path) for path in figures},
        "colours": {"positive": POSITIVE, "negative": NEGATIVE},
        "readings": readings,
        "attributions": attributions,
        "largest": largest,
        "gates": gates,
        "evidence": evidence_of_all({name: read_table(folder / "evidence.tsv") for name, folder in measured.items()}),
        **{name: read_table(evaluate / f"{name}.tsv") for name in ("phrases", "errors")},
    }
    template = templates.get_template("page.html")
    characters = set(template.render(content, fonts={}))
    regular, bold = korean_font(), korean_font().with_stem("NanumGothicBold")
    fonts = {400: embed_font(regular, characters), 700: embed_font(bold, characters)}
    (out / "report.html").write_text(template.render(content, fonts=fonts), "utf-8")


def evidence_of_all(tables: dict[str, list[Row]]) -> dict[str, dict[str, Row]]:
    """The first model's measures, each with its row of every model that has it: measure -> model -> row.

    >>> evidence_of_all({"lstm": [{"measure": "test", "model": "0.9"}], "gru": [{"measure": "control"}]})
    {'test': {'lstm': {'measure': 'test', 'model': '0.9'}}}
    """
    rows = {name: {row["measure"]: row for row in table} for name, table in tables.items()}
    own = next(iter(rows.values()))
    return {measure: {name: of[measure] for name, of in rows.items() if measure in of} for measure in own}


def percent(share: float | str) -> str:
    """A share as people read it, with a true minus; a dash where there is none.

    >>> percent("0.8724"), percent("-0.05"), percent("")
    ('87.2%', '−5.0%', '–')
    """
    return f"{100 * float(share):.1f}%".replace("-", "−") if share != "" else "–"


def gain(share: str) -> str:
    """A difference of shares in percentage points, its sign before it; a dash where there is none.

    >>> gain("0.0212"), gain("-0.05"), gain("")
    ('+2.1', '−5.0', '–')
    """
    return f"{100 * float(share):+.1f}".replace("-", "−") if share else "–"


def embed_figure(path: Path) -> dict[str, Any]:
    """A PNG as a data URI, with the size at which it was drawn in pixels of CSS."""
    content = path.read_bytes()
    width, height = (round(pixels * 96 / DPI) for pixels in struct.unpack(">II", content[16:24]))
    return {"uri": _data_uri("image/png", content), "width": width, "height": height}


def embed_font(path: Path, characters: set[str]) -> str:
    """Those characters alone of a font, as a data URI: not every machine has a Korean font."""
    options = subset.Options(flavor="woff", layout_features=[])
    options.drop_tables += [f"TSI{n}" for n in range(6)]  # notes of its editor
    font = subset.load_font(str(path), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(characters)))
    cutter.subset(font)
    written = BytesIO()
    subset.save_font(font, written, options)
    return _data_uri("font/woff", written.getvalue())


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
