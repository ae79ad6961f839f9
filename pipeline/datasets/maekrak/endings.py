"""Put a source sentence into the register that a viewer writes in.

All sentences of the sources end in ㅆ다 (좋았다, 있었다). After ㅆ no ending changes the stem, so a register is a
suffix, and no table of Korean conjugation is needed.
"""

import re
from enum import Enum


class Register(Enum):
    """The speech level of a review; the value is the ending that follows ㅆ."""

    PLAIN = "다"
    CASUAL = "어"
    POLITE = "어요"
    FORMAL = "습니다"
    NOUN = "음"

    @property
    def humble(self) -> bool:
        """Tell whether the writer says 저 for 나."""
        return self in (Register.POLITE, Register.FORMAL)


HUMBLE = {"나는": "저는", "나도": "저도", "나": "저", "내": "제", "나한테는": "저한테는"}
SELF = re.compile(rf"(?<!\S)({'|'.join(sorted(HUMBLE, key=len, reverse=True))})(?!\S)")


def stem(sentence: str) -> str:
    """Return a source sentence without its ending 다.

    Raises:
        ValueError: the sentence doesn't end in ㅆ다.
    """
    # Final consonant number 20 of 28 is ㅆ.
    if len(sentence) < 2 or sentence[-1] != "다" or (ord(sentence[-2]) - ord("가")) % 28 != 20:
        raise ValueError(f"{sentence!r} does not end in ㅆ다")
    return sentence[:-1]


def end(sentence: str, register: Register) -> str:
    """Put a source sentence into a register: 나는 웃었다 becomes 저는 웃었어요.

    Raises:
        ValueError: the sentence doesn't end in ㅆ다.
    """
    text = stem(sentence) + register.value
    return SELF.sub(lambda word: HUMBLE[word[0]], text) if register.humble else text


def join(sentence: str, connective: str) -> str:
    """Turn a source sentence into a clause that goes on: 좋았다 with 지만 becomes 좋았지만.

    Raises:
        ValueError: the sentence doesn't end in ㅆ다.
    """
    return stem(sentence) + connective
