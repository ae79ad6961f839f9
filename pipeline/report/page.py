"""The report: one page that holds all there is to see of a model, in two languages and without a network.

`page.html` is its structure, `page.css` its look, `texts.yaml` its words; here is what they are filled with.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from pipeline.artifact.manifest import read_manifest
from pipeline.artifact.tables import read_table
from pipeline.config.names import make_arguments
from pipeline.evidence.pairs.flip import added_by_context, choose_flip
from pipeline.evidence.registry import BEHAVIOURS, MODELS, Title, metric_name
from pipeline.report.attribution import Attribution
from pipeline.report.embedding import embed_figure
from pipeline.report.evidence_table import Row, by_group, evidence_rows, headlines, mean, percent
from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.report.template import FOLDER, render
from pipeline.text.vocabulary import WORD_START

METHODS = ("integrated_gradients", "occlusion")
PHRASES, ERRORS = 15, 12  # rows shown, at most


class Texts:
    """The words of `texts.yaml` by their id, in both languages."""

    def __init__(self) -> None:
        content = yaml.safe_load((FOLDER / "texts.yaml").read_text("utf-8"))
        self.titles = {id: Title(**words) for id, words in content.items()}

    def __contains__(self, id: str) -> bool:
        return id in self.titles

    def __call__(self, id: str, **values: str) -> Title:
        """Return the words with the values in place of their names in braces."""
        return Title(*(words.format(**values) for words in self.titles[id]))


class ShownReading(NamedTuple):
    """A text on the page, with the probability of positive at its end and where its predicted label flips."""

    name: str
    text: str
    positive: str
    flips: list[dict[str, str]]


class ShownPiece(NamedTuple):
    """A piece on the page, with what it adds; `share` of the largest of its method is how strong its colour is."""

    piece: str
    shown: str
    begins_word: bool
    value: str
    sign: str
    share: str


class ShownMember(NamedTuple):
    """A text of the flip: what stands around the phrase, what `MODELS` give it, and the logits that context adds."""

    role: str
    before: str
    after: str
    positive: list[str]
    added: str


class ShownFlip(NamedTuple):
    """A phrase alone and in two contexts; `alone` is what `MODELS` give it with its context hidden."""

    phrase: str
    alone: list[str]
    rows: list[ShownMember]
    candidates: str
    pairs: str


class ShownFailure(NamedTuple):
    """A case of the behavioural suite that fails, with what each of `MODELS` gives it, before and after a change."""

    test: Title
    case: Row
    positive: list[str]


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
    evidence = evidence_rows({name: read_table(folder / "evidence.tsv") for name, folder in measured.items()})
    content: dict[str, Any] = {
        "text": Texts(),
        "data": data,
        "models": list(measured),
        "typed": make_arguments(data, next(iter(measured))),
        "language": read_manifest(evaluate).config["pairs"].partition("_")[0],
        "figures": {path.stem: embed_figure(path) for path in figures},
        "readings": [show_reading(name, reading) for name, reading in readings.items()],
        "attributions": {method: show_attributions(method, readings, attributions) for method in METHODS},
        "residuals": [f"{attribution.residual:.4f}" for attribution in attributions.values()],
        "gates": gates,
        "flip": show_flip(read_table(evaluate / "pairs.tsv"), [reading.text for reading in readings.values()]),
        "pairs": evidence.get("pair_consistency"),
        "headlines": headlines(evidence),
        "evidence": by_group(evidence),
        "phrases": read_table(evaluate / "phrases.tsv")[:PHRASES],
        "failures": failures(read_table(evaluate / "behaviour.tsv")),
        "errors": read_table(evaluate / "errors.tsv")[:ERRORS],
    }
    page = render("page.html", content, percent=percent, mean=mean)
    (out / "report.html").write_text(page, "utf-8")


def show_flip(pairs: list[Row], texts: list[str]) -> ShownFlip | None:
    """Return the phrase alone and in its two contexts as the page shows it; None if no pair shows a flip."""
    flip = choose_flip(pairs, texts)
    if flip is None:
        return None
    alone = [percent(flip.alone[who]) for who in MODELS]
    rows = []
    for role, text, positive in (
        ("alone", flip.phrase, flip.alone),
        ("praise", flip.pos, flip.praise),
        ("blame", flip.neg, flip.blame),
    ):
        before, _, after = text.partition(flip.phrase)
        added = added_by_context(flip.alone["model"], positive["model"])
        shown = [percent(positive[who]) for who in MODELS]
        rows.append(ShownMember(role, before, after, shown, signed(added) if role != "alone" else ""))
    return ShownFlip(flip.phrase, alone, rows, f"{flip.candidates:,}", f"{len(pairs):,}")


def failures(cases: list[Row]) -> list[ShownFailure]:
    """Return the first case that fails of each test, as the page shows it."""
    first = {case["test"]: case for case in reversed(cases) if case["failed"] == "1"}
    return [
        ShownFailure(
            BEHAVIOURS.get(name, Title(name, name)),
            first[name],
            [
                f"{percent(before)} → {percent(after)}" if before else percent(after)
                for before, after in (
                    (first[name][metric_name("positive_before", who)], first[name][metric_name("positive", who)])
                    for who in MODELS
                )
            ],
        )
        for name in dict.fromkeys(case["test"] for case in cases)
        if name in first
    ]


def show_reading(name: str, reading: PrefixPredictions) -> ShownReading:
    """Return a reading as the page shows it."""
    flips = [
        {
            "piece": _without_mark(reading.pieces[n]),
            "before": percent(reading.positive[n - 1]),
            "after": percent(reading.positive[n]),
        }
        for n in reading.flips
    ]
    return ShownReading(name, reading.text, percent(reading.positive[-1]), flips)


def show_attributions(
    method: str, readings: dict[str, PrefixPredictions], attributions: dict[str, Attribution]
) -> list[list[ShownPiece]]:
    """Return the pieces of each text with what they add by a method."""
    added: dict[str, np.ndarray] = {name: getattr(attributions[name], method) for name in readings}
    largest = max(abs(values).max() for values in added.values())
    return [
        [_show_piece(piece, value, largest) for piece, value in zip(readings[name].pieces, values, strict=True)]
        for name, values in added.items()
    ]


def _show_piece(piece: str, value: float, largest: float) -> ShownPiece:
    return ShownPiece(
        piece=piece,
        shown=_without_mark(piece),
        begins_word=piece.startswith(WORD_START),
        value=signed(value),
        sign="plus" if value >= 0 else "minus",
        share=f"{abs(value / largest) if largest else 0:.3f}",
    )


def signed(value: float) -> str:
    """Return a number of logits as people read it, with its sign, a true minus.

    >>> signed(1.234), signed(-0.5)
    ('+1.23', '−0.50')
    """
    return f"{value:+.2f}".replace("-", "−")


def _without_mark(piece: str) -> str:
    return piece.removeprefix(WORD_START) or WORD_START
