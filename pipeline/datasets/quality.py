"""What a person should know of a data set before anything is trained on it: balance, lengths, repeats, languages.

What takes time, near-duplicates and languages, is measured on a sample: `SAMPLED_REVIEWS` of the labelled splits, or
as many as hold `SAMPLED_CHARACTERS`, chosen by a hash of the text and so the same on every machine.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from datasketch import MinHash, MinHashLSH

from pipeline.support.same_text import normalize, same_text_keys

Reviews = list[tuple[str, int]]  # text, and 1 for good, 0 for bad, -1 for no label

SAMPLED_REVIEWS, SAMPLED_CHARACTERS = 20_000, 4_000_000
LENGTHS = (10, 20, 40, 80, 160, 320, 640)  # characters: the upper bounds of the groups of reviews
SHINGLE = 3  # characters
SIMILAR = 0.8  # Jaccard similarity of their shingles, from which on two reviews are near-duplicates
PERMUTATIONS = 64
EXAMPLES = 10
SCRIPTS = {
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "latin": "A-Za-z\u00c0-\u024f\uff21-\uff5a",
    "han_kana": "\u3040-\u30ff\u3400-\u9fff",
}
_SCRIPTS = {name: re.compile(f"[{characters}]") for name, characters in SCRIPTS.items()}
_LETTER = re.compile(r"[^\W\d_]")


class Lengths(NamedTuple):
    """How many reviews of each class have at most `bound` characters, and more than the bound before; None: any."""

    bound: int | None
    negative: int
    positive: int


class Conflict(NamedTuple):
    """A text that is both good and bad, and how often it is which."""

    text: str
    negative: int
    positive: int


class NearDuplicate(NamedTuple):
    """A review that is nearly the same as another one, with the splits of both."""

    text: str
    split: str
    other: str
    other_split: str
    similarity: float


class Quality(NamedTuple):
    """What was found.

    Attributes:
        lengths: of train. conflicts: of all that was read, before repeats were dropped; the most frequent first.
        conflicting: how many texts are both good and bad. near: in the sample; examples, those across splits first.
        near_duplicates: how many of the sample are nearly the same as an earlier one. near_leaks: those of them that
            are of dev or test, and the other one of another split. languages: how many of the sample are mostly
            written in a script. leaked: texts that a pair of splits shares.
    """

    lengths: list[Lengths]
    conflicts: list[Conflict]
    conflicting: int
    sampled: int
    labelled: int
    near: list[NearDuplicate]
    near_duplicates: int
    near_leaks: int
    languages: dict[str, int]
    leaked: dict[tuple[str, str], int]

    @property
    def metrics(self) -> dict[str, float]:
        return {
            "label_conflicts": float(self.conflicting),
            "near_duplicate_share": self.near_duplicates / max(self.sampled, 1),
            "near_leak_share": self.near_leaks / max(self.sampled, 1),
            "leaked": float(sum(self.leaked.values())),
        }


def assess(read: dict[str, Reviews], splits: dict[str, Reviews]) -> Quality:
    """Return what is to be known of a data set.

    Args:
        read: the reviews of each labelled split as they were read. splits: those that are left, and unsupervised.
    """
    labelled = {name: reviews for name, reviews in splits.items() if name != "unsupervised"}
    conflicts, conflicting = find_conflicts([review for reviews in read.values() for review in reviews])
    sample = take_sample(labelled)
    near = list(find_near_duplicates(sample))
    across = [one for one in near if one.split != one.other_split]
    shown = sorted(set(near), key=lambda one: (one.split == one.other_split, one.similarity, one.text))
    return Quality(
        lengths=_lengths(splits["train"]),
        conflicts=conflicts,
        conflicting=conflicting,
        sampled=len(sample),
        labelled=sum(map(len, labelled.values())),
        near=shown[:EXAMPLES],
        near_duplicates=len(near),
        near_leaks=len(across),
        languages=dict(Counter(language(text) for _, text in sample)),
        leaked=_leaked(splits),
    )


def take_sample(splits: dict[str, Reviews]) -> list[tuple[str, str]]:
    """Return (split, text) of a sample, in the order of the splits."""
    everything = [(name, text) for name, reviews in splits.items() for text, _ in reviews]
    order = np.argsort([zlib.crc32(text.encode("utf-8", "replace")) for _, text in everything], kind="stable")
    characters = np.cumsum([len(everything[n][1]) for n in order])
    count = min(SAMPLED_REVIEWS, int(np.searchsorted(characters, SAMPLED_CHARACTERS, side="right")))
    return [everything[n] for n in sorted(order[:count])]


def find_near_duplicates(sample: Iterable[tuple[str, str]]) -> Iterator[NearDuplicate]:
    """Yield each review that is nearly the same as an earlier one which is itself nearly the same as none.

    MinHash and its index find who may be (Broder 1997; datasketch); the similarity is then counted, not estimated.
    """
    index = MinHashLSH(threshold=SIMILAR, num_perm=PERMUTATIONS)
    kept: list[tuple[str, str, set[bytes]]] = []
    sample = list(sample)
    all_shingles = [_shingles(text) for _, text in sample]
    hashes = MinHash.generator(all_shingles, num_perm=PERMUTATIONS, hashfunc=zlib.crc32)
    for (split, text), shingles, hashed in zip(sample, all_shingles, hashes, strict=True):
        for candidate in sorted(index.query(hashed)):
            other_split, other, its_shingles = kept[candidate]
            similarity = len(shingles & its_shingles) / len(shingles | its_shingles)
            if similarity >= SIMILAR:
                yield NearDuplicate(text, split, other, other_split, similarity)
                break
        else:
            index.insert(len(kept), hashed, check_duplication=False)
            kept.append((split, text, shingles))


def _shingles(text: str) -> set[bytes]:
    """Return all runs of three characters of a text, without regard to case and spaces."""
    joined = "".join(normalize(text).casefold().split())
    count = max(len(joined) - SHINGLE + 1, 1)
    return {joined[start : start + SHINGLE].encode("utf-8", "replace") for start in range(count)}


def find_conflicts(reviews: Reviews) -> tuple[list[Conflict], int]:
    """Return the texts that are most often both good and bad, and how many there are.

    >>> find_conflicts([("죽인다", 1), (" 죽인다 ", 0), ("좋다", 1), ("좋다", 1)])
    ([Conflict(text='죽인다', negative=1, positive=1)], 1)
    """
    keys = np.fromiter((_hash(normalize(text)) for text, _ in reviews), np.int64, len(reviews))
    labels = np.fromiter((label for _, label in reviews), np.int8, len(reviews))
    distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    counts = np.stack([np.bincount(inverse[labels == label], minlength=len(distinct)) for label in (0, 1)])
    both = np.flatnonzero(counts.min(axis=0))
    order = sorted(both, key=lambda n: (-counts[:, n].sum(), normalize(reviews[first[n]][0])))
    shown = [Conflict(normalize(reviews[first[n]][0]), *counts[:, n].tolist()) for n in order[:EXAMPLES]]
    return shown, len(both)


def language(text: str) -> str:
    """Return the script that most letters of a text are of: a key of `SCRIPTS`, `other`, or `none` without a letter.

    >>> [language(text) for text in ("ㅋㅋ good", "very 굿", "傑作だ", "шедевр", "10/10 !!")]
    ['latin', 'latin', 'han_kana', 'other', 'none']
    """
    letters = len(_LETTER.findall(text))
    if not letters:
        return "none"
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS.items()}
    counts["other"] = letters - sum(counts.values())
    return max(counts, key=lambda name: counts[name])


def _lengths(train: Reviews) -> list[Lengths]:
    groups = np.searchsorted(LENGTHS, [len(text) for text, _ in train])
    labels = np.array([label for _, label in train])
    counts = [np.bincount(groups[labels == label], minlength=len(LENGTHS) + 1).tolist() for label in (0, 1)]
    return [Lengths(*row) for row in zip((*LENGTHS, None), *counts, strict=True)]


def _leaked(splits: dict[str, Reviews]) -> dict[tuple[str, str], int]:
    """Return how many keys of `same_text_keys` each pair of splits shares."""
    keys = {
        name: np.unique(np.array([_hash(key) for text, _ in reviews for key in same_text_keys(text)], np.int64))
        for name, reviews in splits.items()
    }
    return {
        (one, other): len(np.intersect1d(keys[one], keys[other], assume_unique=True))
        for one, other in combinations(keys, 2)
    }


def _hash(text: str) -> int:
    """Return 64 bits: of the bytes, since Python's hash of a text is of its memory, in which ㄱㄱ is 1111."""
    return hash(text.encode("utf-8", "replace"))
