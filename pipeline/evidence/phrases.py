"""Match phrases of a few words in texts, Korean inflections included."""

import re
from collections import defaultdict
from collections.abc import Container, Iterator
from typing import NamedTuple

AROUND = 80  # characters of a review shown before and after a phrase
TOKEN = re.compile(r"[^\W_]+|[^\w\s]+|_+")  # a word, or marks
HANGUL = re.compile(r"[가-힣]+")


class Phrase(NamedTuple):
    """A phrase with what train says of it.

    Attributes:
        text: its words, in lower case, the last of which may be a stem.
        reviews: of train that hold it.
        positive: how probably one of them is good, were good and bad reviews equally many; `low`, `high`: 95 %.
        neighbour_polarity: how far from balance its neighbours are, on the mean: 0 if each is as often good as bad, 1
            if each is always the one or the other.
    """

    text: str
    reviews: int
    positive: float
    low: float
    high: float
    neighbour_polarity: float


def tokens(text: str) -> list[str]:
    """Return the words and marks of a text, in lower case.

    >>> tokens("연기가 죽인다!! LOL")
    ['연기가', '죽인다', '!!', 'lol']
    """
    return TOKEN.findall(text.lower())


def phrases_in(text: list[str], words: int, known: Container[str]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, stop, phrase) for the phrases of so many words in a text's tokens, prefixes of the last included.

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
            for prefix in prefixes(text[stop - 1], 1 if head else 2):
                yield start, stop, f"{head} {prefix}" if head else prefix


def prefixes(word: str, shortest: int) -> list[str]:
    """Return the beginnings of a Korean word, itself included: its endings change. Any other word has itself alone."""
    if not HANGUL.fullmatch(word) or len(word) < shortest:
        return [word]
    return [word[:length] for length in range(shortest, len(word) + 1)]


def phrases_per_text(texts: list[str], phrases: list[Phrase]) -> list[list[Phrase]]:
    """Return the phrases that each text holds, each of them once."""
    by_text = {phrase.text: phrase for phrase in phrases}
    heads = {phrase.text.rpartition(" ")[0] for phrase in phrases}
    longest = max((len(phrase.text.split(" ")) for phrase in phrases), default=0)
    return [
        list(
            dict.fromkeys(
                by_text[found]
                for words in range(1, longest + 1)
                for _, _, found in phrases_in(text, words, heads)
                if found in by_text
            )
        )
        for text in map(tokens, texts)
    ]


def texts_by_phrase(of_texts: list[list[Phrase]]) -> dict[str, list[int]]:
    """Return in which texts each phrase stands, by its own text.

    Args:
        of_texts: the phrases of each text.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, phrases in enumerate(of_texts):
        for phrase in phrases:
            rows[phrase.text].append(row)
    return rows


def surface_form(text: str, phrase: str) -> str:
    """Return the phrase as a text that holds it spells it, the ending of its last word included."""
    found = pattern(phrase).search(text)
    return found[0] if found else phrase


def excerpt(text: str, phrase: str) -> str:
    """Return the phrase with so much of the text around it as can be taken in at a glance.

    >>> excerpt("a " * 100 + "riot" + " b" * 3, "riot")[-20:]
    'a a a a a riot b b b'
    """
    found = pattern(phrase).search(text)
    start, stop = found.span() if found else (0, 0)
    shown = text[max(0, start - AROUND) : stop + AROUND]
    return f"{'…' if start > AROUND else ''}{shown}{'…' if stop + AROUND < len(text) else ''}"


def without(text: str, phrase: str) -> str:
    """Return the text with each occurrence of the phrase taken out, the last word's ending with it.

    >>> without("연기가 기가 막혀서 또 봤다", "기가 막")
    '연기가   또 봤다'
    """
    return pattern(phrase).sub(" ", text)


def pattern(phrase: str) -> re.Pattern[str]:
    """Return what finds the phrase in a text: whole words, but for the ending of the last, whatever the case."""
    words = phrase.split(" ")
    ending = "[가-힣]*" if HANGUL.fullmatch(words[-1]) else ""
    return re.compile(rf"(?<![^\W_]){' +'.join(map(re.escape, words))}{ending}(?![^\W_])", re.IGNORECASE)
