"""Read the parts that reviews are composed of from the YAML files beside this module.

Every part carries a *colour*, its place in its list modulo five. A test review joins parts of one colour,
and a train review never joins a clause with a phrase or a frame of the clause's own colour. So no combination
of phrase and clause, or of frame and clause, is in both splits, while every part is in both.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

COLOURS = 5
HERE = Path(__file__).parent
SOURCES = ("phrases", "subjects", "clauses", "scenes", "frames")
SIDES = {"good": +1, "bad": -1, "keep": +1, "flip": -1, "first": +1, "second": -1}


class Part(NamedTuple):
    """A text with its colour, and the topic it is about, empty where that doesn't matter."""

    text: str
    colour: int
    topic: str = ""


@dataclass(frozen=True)
class Phrase:
    """An ambiguous phrase: three written forms, and by sign its subjects and the particle that joins them."""

    plain: str
    polite: str
    past: str
    colour: int
    alone: bool
    during: bool
    subjects: dict[int, list[Part]]
    particles: dict[int, str]


@dataclass(frozen=True)
class Parts:
    """All sources. Clauses are keyed by sign, scenes by group, frames and words by name."""

    phrases: list[Phrase]
    clauses: dict[int, list[Part]]
    scenes: dict[str, list[Part]]
    frames: dict[str, Any]
    words: dict[str, list[str]]


def load_parts(folder: Path = HERE) -> Parts:
    """Read phrases, subjects, clauses, scenes and frames.

    Args:
        folder: holds the five YAML files.

    Raises:
        FileNotFoundError: one of the files is missing.
        KeyError: a phrase names a list of subjects that is missing.
    """
    source = {name: yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) for name in SOURCES}
    clauses: dict[int, list[Part]] = {+1: [], -1: []}
    for topic, sides in source["clauses"].items():
        for side, texts in sides.items():
            clauses[SIDES[side]] += colour(texts, topic)
    return Parts(
        phrases=load_phrases(source["phrases"]["groups"], source["subjects"]),
        clauses=clauses,
        scenes={group: colour(texts, group) for group, texts in source["scenes"].items()},
        frames={name: load_frame(entry) for name, entry in source["frames"]["frames"].items()},
        words=source["frames"]["words"],
    )


def colour(texts: list[str], topic: str = "") -> list[Part]:
    """Give the texts of one list their colours."""
    return [Part(text, place % COLOURS, topic) for place, text in enumerate(texts)]


def load_phrases(groups: dict[str, Any], subjects: dict[str, Any]) -> list[Phrase]:
    """Join each phrase with the subjects its group allows."""
    phrases: list[Phrase] = []
    for group in groups.values():
        by_sign: dict[int, list[Part]] = {+1: [], -1: []}
        for side in ("good", "bad"):
            for name in group[side]["of"]:
                by_sign[SIDES[side]] += colour(subjects[name]["subjects"], subjects[name]["topic"])
        particles = {SIDES[side]: group[side]["particle"] for side in ("good", "bad")}
        alone, during = group["alone"], group.get("during", False)
        for plain, polite, past in group["phrases"]:
            place = len(phrases) % COLOURS
            phrases.append(Phrase(plain, polite, past, place, alone, during, by_sign, particles))
    return phrases


def load_frame(entry: list[str] | dict[str, list[str]]) -> list[Part] | dict[int, list[Part]]:
    """Give a frame's texts their colours; where it has two sides, return them by sign."""
    if isinstance(entry, dict):
        return {SIDES[side]: colour(texts) for side, texts in entry.items()}
    return colour(entry)
