"""Hand-written minimal pairs: two texts that share an ambiguous phrase and differ in label, one file a language.

They are contrast sets of two (Gardner et al. 2020, "Evaluating models' local decision boundaries via contrast sets").
"""

import re
from pathlib import Path
from typing import NamedTuple

import yaml


class Pair(NamedTuple):
    category: str
    phrase: str
    pos: str
    neg: str


def read_pairs(language: str) -> list[Pair]:
    """Read the pairs of `pipeline/evidence/pairs/<language>.yaml`, in the order of the file."""
    text = (Path(__file__).parent / f"{language}.yaml").read_text("utf-8")
    return [Pair(**entry) for entry in yaml.safe_load(text)]


def unseen_pairs(pairs: list[Pair], training_texts: list[str]) -> list[Pair]:
    """Return the pairs of which neither text is one to learn from, whatever its case, marks, tags and spaces."""
    seen = set(map(canonical_key, training_texts))
    return [pair for pair in pairs if not {canonical_key(pair.pos), canonical_key(pair.neg)} & seen]


def canonical_key(text: str) -> str:
    """Return what is compared of two texts to tell whether they are the same.

    >>> canonical_key("So <br />GOOD!")
    'sogood'
    """
    return re.sub(r"[\W_]+", "", re.sub(r"<[^>]+>", "", text)).lower()
