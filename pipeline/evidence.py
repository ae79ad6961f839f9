"""The evidence that context decides: the network and the baseline where a phrase alone says nothing.

Every measure is a mean over reviews, pairs or frames. So each is kept as its single values, right or wrong, from which
a table has mean and interval, and the gain over the baseline, item by item, an interval of its own.
"""

from collections import defaultdict
from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

import numpy as np

from pipeline.frames import Frames, set_apart
from pipeline.metrics import both_right, difference_interval, in_order, interval
from pipeline.pairs import Pair
from pipeline.phrases import WORDS, Phrase, pattern, phrases_in, tokens, without
from pipeline.reviews import Reviews

ByReader = dict[str, np.ndarray]  # "model", "baseline" -> a value for each text, pair or frame that it read
Read = Callable[[list[str]], ByReader]
SEED = 1
AROUND = 80  # characters of a review shown before and after a phrase
OCCLUDED = 50  # reviews of train at most in which a phrase is taken out


class Measured(NamedTuple):
    """A measure: what it is called, and its value for each item, by who was measured: "model", "baseline" or both.

    A `difference` is of two shares, item by item.
    """

    name: str
    values: ByReader
    difference: bool = False


HEADER = [
    "measure",
    "count",
    *(f"{who}{end}" for who in ("model", "baseline", "gain") for end in ("", "_low", "_high")),
]


def table_row(measured: Measured) -> list[object]:
    """Name, number of items, then mean and 95 % interval of the network, the baseline and the gain over it."""
    values = {who: of.astype(np.float64) for who, of in measured.values.items()}
    if len(values) == 2:
        values["gain"] = values["model"] - values["baseline"]
    of_one = difference_interval if measured.difference else interval
    ways = {"model": of_one, "baseline": of_one, "gain": difference_interval}
    shown = [
        (float(values[who].mean()), *way(values[who])) if who in values else (None, None, None)
        for who, way in ways.items()
    ]
    return [measured.name, len(next(iter(values.values()))), *chain(*shown)]


def is_right(readings: ByReader, labels: np.ndarray) -> ByReader:
    """Whether each text is read as its label says."""
    return {who: (positive >= 0.5) == labels for who, positive in readings.items()}


def measure_pairs(name: str, good: ByReader, bad: ByReader) -> list[Measured]:
    """`<name>_consistency`: both members right; `<name>_ranked`: the good one above the bad one."""
    return [
        Measured(f"{name}_consistency", {who: both_right(good[who], bad[who]) for who in good}),
        Measured(f"{name}_ranked", {who: in_order(good[who], bad[who]) for who in good}),
    ]


def measure_categories(pairs: list[Pair], good: ByReader, bad: ByReader) -> list[Measured]:
    """Consistency and ranking of the pairs of each category."""
    of = np.array([pair.category for pair in pairs])
    return [
        measured
        for category in sorted(set(of))
        for measured in measure_pairs(
            f"pair_{category}", *({who: p[of == category] for who, p in side.items()} for side in (good, bad))
        )
    ]


def measure_slice(test: Reviews, right: ByReader, held: list[list[Phrase]], read: Read) -> list[Measured]:
    """Test reviews that hold an ambiguous phrase, whole and with all but the phrase taken away; none, no measure.

    Context gain is how much of the first the second lacks.
    """
    rows = np.flatnonzero([bool(phrases) for phrases in held])
    if not len(rows):
        return []
    alone = [as_written(test.texts[row], held[row][0].text) for row in rows]
    whole = {who: values[rows] for who, values in right.items()}
    left = is_right(read(alone), test.labels[rows])
    return [
        Measured("slice_accuracy", whole),
        Measured("slice_alone_accuracy", left),
        Measured("slice_context_gain", _less(whole, left), difference=True),
    ]


def holding(texts: list[str], phrases: list[Phrase]) -> list[list[Phrase]]:
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


def rows_of(held: list[list[Phrase]]) -> dict[str, list[int]]:
    """In which texts each phrase stands, by its own text."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, phrases in enumerate(held):
        for phrase in phrases:
            rows[phrase.text].append(row)
    return rows


def as_written(text: str, phrase: str) -> str:
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


class Effect(NamedTuple):
    """What a phrase does to reviews of train that hold it, in logits: whole less without it.

    Attributes:
        spread: standard deviation; good, bad: the good review that it lifts most, the bad one that it lowers most.
    """

    spread: float
    good: str
    bad: str


def occlude(
    phrases: list[Phrase], train: Reviews, read_by_model: Callable[[list[str]], np.ndarray]
) -> dict[str, Effect]:
    """The effect of each phrase on the network, in so many reviews at most."""
    if not phrases:
        return {}
    sample = {phrase: rows[:OCCLUDED] for phrase, rows in rows_of(holding(train.texts, phrases)).items()}
    whole = [train.texts[row] for rows in sample.values() for row in rows]
    less = [without(train.texts[row], phrase) for phrase, rows in sample.items() for row in rows]
    positive = np.clip(np.float64(read_by_model([*whole, *less])), 1e-7, 1 - 1e-7)
    logits = np.log(positive / (1 - positive))
    effects = iter(np.split(logits[: len(whole)] - logits[len(whole) :], np.cumsum([len(r) for r in sample.values()])))
    return {phrase: _effect(train, np.array(rows), next(effects)) for phrase, rows in sample.items()}


def _effect(train: Reviews, rows: np.ndarray, effect: np.ndarray) -> Effect:
    good, bad = (
        train.texts[rows[of][np.argmax(sign * effect[of])]] if of.any() else ""
        for sign, of in ((1, train.labels[rows] == 1), (-1, train.labels[rows] == 0))
    )
    return Effect(float(effect.std()), good, bad)


def shuffle_words(texts: list[str]) -> list[str]:
    """Each text with its words in an order drawn by chance, the same for every call; a single word stays as it is."""
    rng = np.random.default_rng(SEED)
    return [" ".join(rng.permutation(text.split())) for text in texts]


def measure_order(right: ByReader, shuffled_right: ByReader) -> list[Measured]:
    """Accuracy on shuffled words, and how much of the accuracy is lost by it."""
    return [
        Measured("shuffled_accuracy", shuffled_right),
        Measured("shuffled_fall", _less(right, shuffled_right), difference=True),
    ]


def _less(right: ByReader, other: ByReader) -> ByReader:
    return {who: right[who].astype(np.int8) - other[who].astype(np.int8) for who in right}


def reordered(test: Reviews) -> list[Pair]:
    """Pairs of reviews of the same words in another order, one good, one bad: no bag of words can tell them apart."""
    groups: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
    for text, label in zip(test.texts, test.labels, strict=True):
        groups.setdefault(tuple(sorted(text.split())), ([], []))[label].append(text)
    found = [members for bad, good in groups.values() for members in zip(good, bad, strict=False)]
    return [Pair("reordered", "", pos, neg) for pos, neg in found if pos.split() != neg.split()]


def measure_distance(
    frames: Frames, distance: int, count_pieces: Callable[[list[str]], np.ndarray], read: Read
) -> list[Measured]:
    """Consistency and ranking of the frames with so many pieces in between: of each frame, the share of passages."""
    measured = measure_pairs(f"distance_{distance}", *map(read, set_apart(frames, distance, count_pieces)))
    shape = (len(frames.frames), len(frames.neutral))
    return [
        Measured(name, {who: right.reshape(shape).mean(axis=1) for who, right in values.items()})
        for name, values, _ in measured
    ]
