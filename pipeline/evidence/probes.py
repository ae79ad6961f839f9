"""Texts changed to probe a model: phrases found, taken out, words shuffled, pairs formed."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.evidence.pairs import Pair
from pipeline.evidence.phrases import WORDS, Phrase, pattern, phrases_in, tokens, without
from pipeline.text.reviews import Reviews

SEED = 1
AROUND = 80  # characters of a review shown before and after a phrase
OCCLUDED = 50  # reviews of train at most in which a phrase is taken out


def phrases_per_text(texts: list[str], phrases: list[Phrase]) -> list[list[Phrase]]:
    """The phrases that each text holds, each of them once."""
    by_text = {phrase.text: phrase for phrase in phrases}
    heads = {phrase.text.rpartition(" ")[0] for phrase in phrases}
    return [
        list(
            dict.fromkeys(
                by_text[found]
                for words in range(1, WORDS + 1)
                for _, _, found in phrases_in(text, words, heads)
                if found in by_text
            )
        )
        for text in map(tokens, texts)
    ]


def texts_by_phrase(held: list[list[Phrase]]) -> dict[str, list[int]]:
    """In which texts each phrase stands, by its own text."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, phrases in enumerate(held):
        for phrase in phrases:
            rows[phrase.text].append(row)
    return rows


def surface_form(text: str, phrase: str) -> str:
    """The phrase as a text that holds it spells it, the ending of its last word included."""
    found = pattern(phrase).search(text)
    return found[0] if found else phrase


def excerpt(text: str, phrase: str) -> str:
    """The phrase with so much of the text around it as can be taken in at a glance.

    >>> excerpt("a " * 100 + "riot" + " b" * 3, "riot")[-20:]
    'a a a a a riot b b b'
    """
    found = pattern(phrase).search(text)
    start, stop = found.span() if found else (0, 0)
    shown = text[max(0, start - AROUND) : stop + AROUND]
    return f"{'…' if start > AROUND else ''}{shown}{'…' if stop + AROUND < len(text) else ''}"


class OcclusionEffect(NamedTuple):
    """What a phrase does to reviews of train that hold it, in logits: whole less without it.

    Attributes:
        spread: standard deviation; good, bad: the good review that it lifts most, the bad one that it lowers most.
    """

    spread: float
    good: str
    bad: str


def occlude(
    phrases: list[Phrase], train: Reviews, read_by_model: Callable[[list[str]], np.ndarray]
) -> dict[str, OcclusionEffect]:
    """The effect of each phrase on the network, in so many reviews at most."""
    if not phrases:
        return {}
    sample = {
        phrase: rows[:OCCLUDED] for phrase, rows in texts_by_phrase(phrases_per_text(train.texts, phrases)).items()
    }
    whole = [train.texts[row] for rows in sample.values() for row in rows]
    less = [without(train.texts[row], phrase) for phrase, rows in sample.items() for row in rows]
    positive = np.clip(np.float64(read_by_model([*whole, *less])), 1e-7, 1 - 1e-7)
    logits = np.log(positive / (1 - positive))
    effects = iter(np.split(logits[: len(whole)] - logits[len(whole) :], np.cumsum([len(r) for r in sample.values()])))
    return {phrase: _effect(train, np.array(rows), next(effects)) for phrase, rows in sample.items()}


def _effect(train: Reviews, rows: np.ndarray, effect: np.ndarray) -> OcclusionEffect:
    good, bad = (
        train.texts[rows[of][np.argmax(sign * effect[of])]] if of.any() else ""
        for sign, of in ((1, train.labels[rows] == 1), (-1, train.labels[rows] == 0))
    )
    return OcclusionEffect(float(effect.std()), good, bad)


def shuffle_words(texts: list[str]) -> list[str]:
    """Each text with its words in an order drawn by chance, the same for every call; a single word stays as it is."""
    rng = np.random.default_rng(SEED)
    return [" ".join(rng.permutation(text.split())) for text in texts]


def same_words_pairs(test: Reviews) -> list[Pair]:
    """Pairs of reviews of the same words in another order, one good, one bad: no bag of words can tell them apart."""
    groups: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
    for text, label in zip(test.texts, test.labels, strict=True):
        groups.setdefault(tuple(sorted(text.split())), ([], []))[label].append(text)
    found = [members for bad, good in groups.values() for members in zip(good, bad, strict=False)]
    return [Pair("reordered", "", pos, neg) for pos, neg in found if pos.split() != neg.split()]


def unseen_pairs(pairs: list[Pair], training_texts: list[str]) -> list[Pair]:
    """The pairs of which neither text is one to learn from, whatever its case, marks, tags and spaces."""
    seen = set(map(canonical_key, training_texts))
    return [pair for pair in pairs if not {canonical_key(pair.pos), canonical_key(pair.neg)} & seen]


def counterfactuals(pairs: list[Pair], reviews: list[str]) -> Reviews:
    """The members of pairs whose other member, of the other label, is one of these reviews."""
    known = set(map(canonical_key, reviews))
    found = [
        (text, label)
        for pair in pairs
        for text, original, label in ((pair.pos, pair.neg, 1), (pair.neg, pair.pos, 0))
        if canonical_key(original) in known and canonical_key(text) not in known
    ]
    return Reviews([text for text, _ in found], np.array([label for _, label in found], np.int8))


def canonical_key(text: str) -> str:
    """What is left of a text for telling whether it is the same as another.

    >>> canonical_key("So <br />GOOD!")
    'sogood'
    """
    return re.sub(r"[\W_]+", "", re.sub(r"<[^>]+>", "", text)).lower()
