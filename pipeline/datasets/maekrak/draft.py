"""A draft: the choices that both reviews of a pair share."""

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.datasets.maekrak.endings import end
from pipeline.datasets.maekrak.josa import attach
from pipeline.datasets.maekrak.parts import COLOURS, Part, Parts, Phrase
from pipeline.datasets.maekrak.style import Style, draw_style

SIGNS = (+1, -1)  # good and bad, keep and turn round, the first and the second


class Leg(NamedTuple):
    """An opinion: as a source sentence, as it is said now in two registers, and the clause it was made of."""

    past: str
    plain: str
    polite: str
    part: Part


@dataclass
class Draft:
    """Draws the parts of a pair, of the colours its split allows, and notes the frames it drew.

    Attributes:
        alone: whether the phrase is cried out by itself; else it is said of something.
        frame_colour: the colour frames must have.
        clause_colours: the colours clauses may have.
    """

    rng: random.Random
    parts: Parts
    phrase: Phrase
    style: Style
    alone: bool
    frame_colour: int
    clause_colours: set[int]
    frames: list[str] = field(default_factory=list)

    def pick(self, candidates: list[Part], avoid: str = "") -> Part:
        """Draw a clause of an allowed colour, on another topic than `avoid`."""
        allowed = [part for part in candidates if part.colour in self.clause_colours and part.topic != avoid]
        return self.rng.choice(allowed)

    def frame(self, name: str, sign: int | None = None) -> str:
        """Draw a frame, from the list of one sign where the frame has two."""
        entry = self.parts.frames[name]
        candidates = entry if sign is None else entry[sign]
        text = self.rng.choice([part.text for part in candidates if part.colour == self.frame_colour])
        self.frames.append(text)
        return text

    def word(self, name: str) -> str:
        """Draw one of the words without a side."""
        return self.rng.choice(self.parts.words[name])

    def say(self, sentence: str) -> str:
        """Put a source sentence into the viewer's register."""
        return end(sentence, self.style.register)

    def say_now(self, leg: Leg) -> str:
        """Say an opinion as it is felt now, in the viewer's register."""
        return leg.polite if self.style.register.humble else leg.plain

    def quote(self, text: str) -> str:
        """Put text in the viewer's quotation marks."""
        return f"{self.style.quote}{text}{self.style.quote}"

    def cry(self) -> str:
        """The phrase by itself, as an exclamation."""
        form = self.phrase.polite if self.style.register.humble else self.phrase.plain
        return f"{self.word('cries')} {form}" + self.rng.choice(["", "!"])

    def stated(self, sign: int, avoid: str = "") -> Leg:
        """An opinion without the phrase, on another topic than `avoid`."""
        part = self.pick(self.parts.clauses[sign], avoid)
        return Leg(part.text, part.text, part.text, part)

    def said_of(self, sign: int, degree: str = "") -> Leg:
        """The phrase, said of something it praises or blames."""
        part = self.pick(self.phrase.subjects[sign])
        subject = f"{attach(part.text, self.phrase.particles[sign])} {degree}".rstrip()
        phrase = self.phrase
        return Leg(f"{subject} {phrase.past}", f"{subject} {phrase.plain}", f"{subject} {phrase.polite}", part)

    def opinion(self, sign: int, degree: str = "") -> Leg:
        """An opinion that has the phrase in it, unless the phrase stands alone."""
        return self.stated(sign) if self.alone else self.said_of(sign, degree)

    def opposed(self) -> dict[int, Leg]:
        """Two opinions of opposite sign on different topics; the phrase is in one, unless it stands alone."""
        sign = self.rng.choice(SIGNS)
        first = self.opinion(sign)
        return {sign: first, -sign: self.stated(-sign, avoid=first.part.topic)}


def start(rng: random.Random, parts: Parts, phrase: Phrase, *, unseen: bool) -> Draft:
    """Start a pair.

    Args:
        rng: where all choices come from.
        parts: what there is to choose from.
        phrase: the ambiguous phrase of both reviews.
        unseen: whether to draw the combinations kept for test, or those of train.
    """
    frame_colour = phrase.colour if unseen else rng.randrange(COLOURS)
    clause_colours = {phrase.colour} if unseen else set(range(COLOURS)) - {phrase.colour, frame_colour}
    alone = phrase.alone and rng.random() < 0.4
    return Draft(rng, parts, phrase, draw_style(rng), alone, frame_colour, clause_colours)
