"""The writing style of a review: register, full stops, quotation marks, emoticons, misspellings."""

import random
from dataclasses import dataclass

from pipeline.datasets.maekrak.endings import Register

# Lists to draw from; an entry's weight is how often it is repeated.
REGISTERS = (
    [Register.PLAIN] * 5 + [Register.CASUAL] * 2 + [Register.POLITE] * 5 + [Register.FORMAL] + [Register.NOUN] * 3
)
STOPS = [".", ".", ".", ".", "", "", "", "..", "~"]
TAILS = [""] * 8 + ["ㅋㅋ", "ㅋㅋㅋ", "ㅎㅎ", "ㅠㅠ", "ㅠ", "ㅜㅜ", "^^", ";;", "ㄷㄷ"]
QUOTES = ['"', '"', "'"]

# Misspellings of viewers in a hurry. None spans two opinions, so reviews of the same words in two orders stay so.
CAREFUL: dict[str, str] = {}
SINGLE_S = {"했": "햇", "었": "엇", "았": "앗", "였": "엿"}
SLANG = {"정말": "증말", "그냥": "걍", "너무": "넘", "재미있": "잼있", "오랜만": "오랫만"}
SPACES = {"볼 때": "볼때", "봤을 때": "봤을때", "할 수": "할수", "뻔했": "뻔 했", "것 같": "거 같"}
SLIPS = [CAREFUL] * 17 + [SINGLE_S, SLANG, SPACES]


@dataclass(frozen=True)
class Style:
    """One viewer's way of writing. Both reviews of a pair share it, so it can't give the label away."""

    register: Register
    stop: str
    tail: str
    quote: str
    slips: dict[str, str]

    def write(self, sentences: list[str]) -> str:
        """Join finished sentences to one review."""
        text = " ".join(sentence if sentence.endswith("!") else sentence + self.stop for sentence in sentences)
        for right, wrong in self.slips.items():
            text = text.replace(right, wrong)
        return f"{text} {self.tail}".strip()


def draw_style(rng: random.Random) -> Style:
    """Draw the style of a viewer."""
    return Style(
        register=rng.choice(REGISTERS),
        stop=rng.choice(STOPS),
        tail=rng.choice(TAILS),
        quote=rng.choice(QUOTES),
        slips=rng.choice(SLIPS),
    )
