"""Draw the parts that both reviews of a pair share."""

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.datasets.maekrak.endings import end
from pipeline.datasets.maekrak.josa import attach
from pipeline.datasets.maekrak.parts import COLOURS, Part, Parts, Phrase
from pipeline.datasets.maekrak.style import Style, draw_style

SIGNS = (+1, -1)  # good and bad; of a frame: keep and reverse, or first and second


class Opinion(NamedTuple):
    """An opinion: as a source sentence in the past, in the present in two registers, and the clause it is made of."""

    past: str
    plain: str
    polite: str
    part: Part


@dataclass
class Draft:
    """Draw the parts of a pair, in the colours that its split allows, and record the frames drawn.

    Attributes:
        alone: whether the phrase is an exclamation by itself; else it has a subject.
        frame_colour: the colour that frames must have.
        clause_colours: the colours that clauses may have.
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
        """Draw one of the neutral words of a list."""
        return self.rng.choice(self.parts.words[name])

    def say(self, sentence: str) -> str:
        """Put a source sentence into the viewer's register."""
        return end(sentence, self.style.register)

    def say_now(self, opinion: Opinion) -> str:
        """Return an opinion in the present tense, in the viewer's register."""
        return opinion.polite if self.style.register.humble else opinion.plain

    def quote(self, text: str) -> str:
        """Put text in the viewer's quotation marks."""
        return f"{self.style.quote}{text}{self.style.quote}"

    def exclamation(self) -> str:
        """Return the phrase by itself, as an exclamation."""
        form = self.phrase.polite if self.style.register.humble else self.phrase.plain
        return f"{self.word('cries')} {form}" + self.rng.choice(["", "!"])

    def stated(self, sign: int, avoid: str = "") -> Opinion:
        """Draw an opinion without the phrase, on another topic than `avoid`."""
        part = self.pick(self.parts.clauses[sign], avoid)
        return Opinion(part.text, part.text, part.text, part)

    def phrase_with_subject(self, sign: int, degree: str = "") -> Opinion:
        """Draw a subject that the phrase praises or blames, and return both as an opinion."""
        part = self.pick(self.phrase.subjects[sign])
        subject = f"{attach(part.text, self.phrase.particles[sign])} {degree}".rstrip()
        phrase = self.phrase
        return Opinion(f"{subject} {phrase.past}", f"{subject} {phrase.plain}", f"{subject} {phrase.polite}", part)

    def opinion(self, sign: int, degree: str = "") -> Opinion:
        """Draw an opinion that contains the phrase, unless the phrase stands alone."""
        return self.stated(sign) if self.alone else self.phrase_with_subject(sign, degree)

    def opposed(self) -> dict[int, Opinion]:
        """Draw two opinions of opposite sign on different topics; one has the phrase, unless it stands alone."""
        sign = self.rng.choice(SIGNS)
        first = self.opinion(sign)
        return {sign: first, -sign: self.stated(-sign, avoid=first.part.topic)}


def start(rng: random.Random, parts: Parts, phrase: Phrase, *, unseen: bool) -> Draft:
    """Return the draft of a new pair.

    Args:
        rng: the source of all random choices.
        parts: the parts to choose from.
        phrase: the ambiguous phrase of both reviews.
        unseen: whether to draw combinations of colours that are kept for test, or those of train.
    """
    frame_colour = phrase.colour if unseen else rng.randrange(COLOURS)
    clause_colours = {phrase.colour} if unseen else set(range(COLOURS)) - {phrase.colour, frame_colour}
    alone = phrase.alone and rng.random() < 0.4
    return Draft(rng, parts, phrase, draw_style(rng), alone, frame_colour, clause_colours)
