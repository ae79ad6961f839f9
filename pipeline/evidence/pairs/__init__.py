"""Hand-written minimal pairs: two texts that share an ambiguous phrase and differ in label, one file a language."""

from pathlib import Path
from typing import NamedTuple

import yaml


class Pair(NamedTuple):
    category: str
    phrase: str
    pos: str
    neg: str


def read_pairs(language: str) -> list[Pair]:
    """The pairs of `pipeline/evidence/pairs/<language>.yaml`, in the order of the file."""
    text = (Path(__file__).parent / f"{language}.yaml").read_text("utf-8")
    return [Pair(**entry) for entry in yaml.safe_load(text)]
