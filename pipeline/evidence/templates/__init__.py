"""Templates (as in CheckList, Ribeiro et al. 2020) that set an ambiguous phrase apart from the context that decides it.

A template is a phrase with two contexts: one makes it praise, one makes it blame. Between context and phrase stands as
much of a neutral passage as a distance asks for. One file a language or a data set.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from pipeline.support.errors import UserError


class Template(NamedTuple):
    phrase: str
    pos: str
    neg: str


class Templates(NamedTuple):
    neutral: list[str]
    templates: list[Template]


def read_templates(language: str) -> Templates:
    """Read the passages and templates of `pipeline/evidence/templates/<language>.yaml`."""
    content = yaml.safe_load((Path(__file__).parent / f"{language}.yaml").read_text("utf-8"))
    return Templates(content["neutral"], [Template(**template) for template in content["templates"]])


def render_at_distance(
    templates: Templates, distance: int, count_pieces: Callable[[list[str]], np.ndarray]
) -> tuple[list[str], list[str]]:
    """Return the good and the bad text of each template with each passage, at most `distance` pieces between them.

    Args:
        count_pieces: words -> how many pieces each is [words].

    Raises:
        UserError: if a passage is shorter than that.

    >>> one = Templates(["It was a Monday."], [Template("It killed me!", "So funny.", "So dull.")])
    >>> render_at_distance(one, 2, lambda words: np.ones(len(words)))
    (['So funny. a Monday. It killed me!'], ['So dull. a Monday. It killed me!'])
    """
    longest = min(int(count_pieces(passage.split()).sum()) for passage in templates.neutral)
    if distance > longest:
        raise UserError(
            f"evaluate.distances: {distance}: the neutral passages of evaluate.templates have {longest} pieces"
        )
    between = [last_words(passage, distance, count_pieces) for passage in templates.neutral]
    good, bad = (
        [" ".join([context, *words, template.phrase]) for template, context in contexts for words in between]
        for contexts in ([(t, t.pos) for t in templates.templates], [(t, t.neg) for t in templates.templates])
    )
    return good, bad


def last_words(passage: str, pieces: int, count_pieces: Callable[[list[str]], np.ndarray]) -> list[str]:
    """Return the last words of a passage, whole ones, that are at most so many pieces."""
    words = passage.split()
    up_to = np.cumsum(count_pieces(words)[::-1])
    return words[len(words) - int(np.searchsorted(up_to, pieces, side="right")) :]
