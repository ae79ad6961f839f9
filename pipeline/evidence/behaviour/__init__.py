"""A behavioural suite in the manner of CheckList: many small cases of what a reader of reviews must get right.

A test of minimum functionality has one right answer. One of invariance changes what must change nothing. One of
direction adds praise or blame, after which a review must not be read as less or more positive. One file a language.

Source:
    Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList".
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from pipeline.datasets.maekrak.endings import join
from pipeline.datasets.maekrak.josa import FIRST, LAST, attach
from pipeline.support.errors import UserError

KINDS = ("functionality", "invariance", "direction")
TOLERANCE = 0.1  # probability by which a case of direction may still go the wrong way, as in CheckList
SLOT = re.compile(r"\{(\w+)(?::([^}]*))?\}")
MEDIALS = {1: 5, 5: 1}  # ㅐ and ㅔ, which sound alike
DOUBLE_S, SINGLE_S = 20, 19  # ㅆ and ㅅ at the end of a syllable

Values = dict[str, str]


class Case(NamedTuple):
    """A case.

    Attributes:
        expected: "positive" or "negative"; or, of a text that was changed, "same", "not lower" or "not higher".
        before: the text that was changed into `text`, empty in a test of minimum functionality.
    """

    kind: str
    test: str
    expected: str
    text: str
    before: str = ""


class Suite(NamedTuple):
    """A file: how many cases each test has, what fills the slots of its templates, and its tests by name."""

    cases: int
    words: dict[str, list[str]]
    clauses: dict[str, list[str]]
    texts: dict[str, list[str]]
    tests: dict[str, dict[str, Any]]


def read_cases(language: str) -> list[Case]:
    """Compose the cases of `pipeline/evidence/behaviour/<language>.yaml`, always the same ones, test by test.

    Raises:
        UserError: if the templates of a test give too few different cases.
    """
    suite = Suite(**yaml.safe_load((Path(__file__).parent / f"{language}.yaml").read_text("utf-8")))
    return [case for name in suite.tests for case in compose(suite, name)]


def compose(suite: Suite, name: str) -> list[Case]:
    """Compose the cases of one test, in its own random order, all different, and as many good as bad ones."""
    drawn = Composer(suite, random.Random(name)).cases(name)
    most = suite.cases // 2 if suite.tests[name]["kind"] == "functionality" else suite.cases
    found: dict[tuple[str, str], Case] = {}
    counts: Counter[str] = Counter()
    for case in islice(drawn, 50 * suite.cases):
        if (case.before, case.text) not in found and counts[case.expected] < most:
            found[case.before, case.text] = case
            counts[case.expected] += 1
        if len(found) == suite.cases:
            return [*found.values()]
    raise UserError(f"evaluate.behaviour: test {name} has {len(found)} different cases, must have {suite.cases}")


class Composer:
    """Fills templates of a suite and changes texts, by one random state."""

    def __init__(self, suite: Suite, random_state: random.Random) -> None:
        self.suite = suite
        self.random_state = random_state

    def cases(self, name: str) -> Iterator[Case]:
        """Yield cases of a test without end, each template as often as another; some may be the same."""
        test = self.suite.tests[name]
        is_changed = test["kind"] != "functionality"
        pairs = zip(self.suite.texts[test["of"]]) if is_changed else zip(test["pos"], test["neg"], strict=True)
        for templates in cycle(pairs):
            for template, expected in zip(templates, ("positive", "negative"), strict=False):
                values: Values = {}
                text = self.fill(template, values)
                if not is_changed:
                    yield Case(test["kind"], name, expected, text)
                elif (changed := self.change(test, template, values, text)) != text:
                    yield Case(test["kind"], name, test.get("expected", "same"), changed, text)

    def fill(self, template: str, values: Values) -> str:
        """Fill the slots of a template, with values that are drawn where they are not given yet, and kept.

        A clause, which ends in ㅆ다, is joined to what follows the colon; to a word the particle that agrees is added.

        >>> suite = Suite(1, {"part": ["음악"]}, {"good": ["좋았다"]}, {}, {})
        >>> Composer(suite, random.Random(0)).fill("{part:이/가} {good:지만} 짧다", {})
        '음악이 좋았지만 짧다'
        """
        words, clauses = self.suite.words, self.suite.clauses

        def written(slot: re.Match[str]) -> str:
            name, suffix = slot[1], slot[2]
            value = values.setdefault(name, self.random_state.choice(clauses.get(name) or words[name]))
            return (join if name in clauses else attach)(value, suffix) if suffix else value

        return SLOT.sub(written, template)

    def change(self, test: dict[str, Any], template: str, values: Values, text: str) -> str:
        """Return a text after the change that a test makes, which may have found nothing to change."""
        if "swap" in test:  # another word in the same slot
            return self.fill(template, {name: value for name, value in values.items() if name != test["swap"]})
        if "edit" in test:
            return EDITS[test["edit"]](text, self.random_state)
        added = self.random_state.choice(self.suite.words[test["add"]])
        before = test["where"] == "either side" and self.random_state.random() < 0.5
        return f"{added} {text}" if before else f"{text} {added}"


def failed(cases: list[Case], positive: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return which cases fail.

    Args:
        positive, before: the probability of positive of each case's `text` and `before` [cases].
    """
    wrong: dict[str, np.ndarray] = {
        "positive": positive < 0.5,
        "negative": positive >= 0.5,
        "same": (positive >= 0.5) != (before >= 0.5),
        "not lower": positive < before - TOLERANCE,
        "not higher": positive > before + TOLERANCE,
    }
    return np.array([wrong[case.expected][i] for i, case in enumerate(cases)], bool)


def slip(text: str, random_state: random.Random) -> str:
    """Misspell one syllable as writers of Korean do: ㅆ as ㅅ, ㅐ as ㅔ or ㅔ as ㅐ; as it was if there is none.

    >>> slip("갔다", random.Random(0)), slip("내", random.Random(0))
    ('갓다', '네')
    """
    slips = {place: slipped for place, letter in enumerate(text) if (slipped := _slipped(letter)) != letter}
    if not slips:
        return text
    place = random_state.choice([*slips])
    return text[:place] + slips[place] + text[place + 1 :]


def swap_letters(text: str, random_state: random.Random) -> str:
    """Swap two neighbouring letters inside a word of four or more.

    >>> swap_letters("a film", random.Random(0))
    'a flim'
    """
    places = [word.start() + n for word in re.finditer(r"\w{4,}", text) for n in range(1, len(word[0]) - 2)]
    if not places:
        return text
    place = random_state.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def join_words(text: str, random_state: random.Random) -> str:
    """Leave out spaces: each with an even chance."""
    return re.sub(" ", lambda space: random_state.choice((space[0], "")), text)


def join_sentences(text: str, random_state: random.Random) -> str:
    """Leave out the spaces after marks, or the capitals, or both.

    >>> join_sentences("Good. I liked it.", random.Random(3))
    'Good.I liked it.'
    """
    joined, lower = random_state.choice(((True, False), (False, True), (True, True)))
    text = re.sub(r"(?<=[.,!?]) ", "", text) if joined else text
    return text.lower() if lower else text


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    edit.__name__: edit for edit in (slip, swap_letters, join_words, join_sentences)
}


def _slipped(letter: str) -> str:
    """Return a syllable as it is often misspelt, or what is given if it isn't."""
    if not FIRST <= letter <= LAST:
        return letter
    rest, final = divmod(ord(letter) - ord(FIRST), 28)
    initial, medial = divmod(rest, 21)
    if final == DOUBLE_S:
        final = SINGLE_S
    else:
        medial = MEDIALS.get(medial, medial)
    return chr((initial * 21 + medial) * 28 + final + ord(FIRST))
