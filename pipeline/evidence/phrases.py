"""Match phrases of one to three words in texts, Korean inflections included."""

import re
from collections.abc import Container, Iterator
from typing import NamedTuple

WORDS = 3  # a phrase has at most so many
TOKEN = re.compile(r"[^\W_]+|[^\w\s]+|_+")  # a word, or marks
HANGUL = re.compile(r"[가-힣]+")


class Phrase(NamedTuple):
    """A phrase with what train says of it.

    Attributes:
        text: its words, in lower case, the last of which may be a stem.
        reviews: of train that hold it.
        positive: how probably one of them is good, were good and bad reviews equally many; `low`, `high`: 95 %.
        feeling: how far from balance its neighbours are: 0 if each is as often good as bad, 1 if each is only either.
    """

    text: str
    reviews: int
    positive: float
    low: float
    high: float
    neighbour_polarity: float


def tokens(text: str) -> list[str]:
    """Words and marks, in lower case.

    >>> tokens("연기가 죽인다!! LOL")
    ['연기가', '죽인다', '!!', 'lol']
    """
    return TOKEN.findall(text.lower())


def phrases_in(text: list[str], words: int, known: Container[str]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, stop, phrase) for the phrases of so many words in a text's tokens, stems of the last among them.

    Args:
        known: longer phrases are looked for only where what stands before their last word is one of these.

    >>> [phrase for _, _, phrase in phrases_in(["정말", "기가", "막혀"], 2, {"기가"})]
    ['기가 막', '기가 막혀']
    """
    is_word = [token[0].isalnum() for token in text]
    for start in range(len(text) - words + 1):
        stop = start + words
        head = " ".join(text[start : stop - 1])
        if all(is_word[start:stop]) and (not head or head in known):
            for stem in prefixes(text[stop - 1], 1 if head else 2):
                yield start, stop, f"{head} {stem}" if head else stem


def prefixes(word: str, shortest: int) -> list[str]:
    """The beginnings of a Korean word, itself included: its endings change. Any other word is its only stem."""
    if not HANGUL.fullmatch(word) or len(word) < shortest:
        return [word]
    return [word[:length] for length in range(shortest, len(word) + 1)]


def without(text: str, phrase: str) -> str:
    """The text with each occurrence of the phrase taken out, the last word's ending with it.

    >>> without("연기가 기가 막혀서 또 봤다", "기가 막")
    '연기가   또 봤다'
    """
    return pattern(phrase).sub(" ", text)


def pattern(phrase: str) -> re.Pattern[str]:
    """Finds the phrase in a text: whole words, but for the ending of the last, whatever the case."""
    words = phrase.split(" ")
    ending = "[가-힣]*" if HANGUL.fullmatch(words[-1]) else ""
    return re.compile(rf"(?<![^\W_]){' +'.join(map(re.escape, words))}{ending}(?![^\W_])", re.IGNORECASE)
