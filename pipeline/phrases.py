"""Ambiguous phrases, mined from labelled reviews with no word list.

A phrase is one to three words, the last of which may be a stem: 기가 막 stands for 기가 막히다, 기가 막혀서 and so on.
It is ambiguous if it stands about as often in good as in bad reviews and yet carries feeling. 영화 is balanced too, so
feeling has to be told apart from indifference: a phrase that carries feeling stands where others do that are far from
balanced, 최고다 and 최악이다, while 영화 stands where 드라마 does. What stands alike is found by the words around it,
as in Levy & Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization".
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD

from pipeline.config import PhrasesConfig
from pipeline.metrics import wilson
from pipeline.reviews import Reviews

WORDS = 3  # a phrase has at most so many
SEED = 1
TOKEN = re.compile(r"[^\W_]+|[^\w\s]+|_+")  # a word, or marks
HANGUL = re.compile(r"[가-힣]+")
EVERYWHERE = 0.25  # a phrase doesn't begin or end in a word of so many reviews: the, of, was
TELLING = 20  # a context that is rarer says little
COLLOCATED = 0.1  # share of what follows its first words that makes a phrase an expression
NEARLY_ALWAYS = 0.8
AGREEING = 0.15  # spread of the positive share over the endings of one stem, at most
DIMENSIONS = 100  # of the space in which phrases stand near one another
SMOOTHING = 0.75  # of how often contexts are expected: rare ones say too much else (Levy et al. 2015)


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
    feeling: float


Counts = dict[str, np.ndarray]  # phrase -> bad and good reviews that hold it


def mine_phrases(config: PhrasesConfig, reviews: Reviews) -> list[Phrase]:
    """The ambiguous phrases, those with most feeling first, one for each word and its stems."""
    texts = [tokens(text) for text in reviews.texts]
    totals = np.bincount(reviews.labels, minlength=2)
    counts, longer = count_phrases(texts, reviews.labels, config.least_count)
    names = _expressions(counts, longer, proper_nouns(reviews.texts), len(texts))
    positives = np.array([positive_share(counts[name], totals) for name in names])
    candidates = [
        row
        for row, name in enumerate(names)
        if abs(positives[row] - 0.5) <= config.balance and _endings_agree(counts[name], longer[name], totals)
    ]
    if not candidates:
        return []
    vectors = _space(_contexts(texts, counts, {name: row for row, name in enumerate(names)}))
    feelings = _feelings(names, positives, candidates, vectors, config.neighbours)
    found: list[Phrase] = []
    for row in sorted(candidates, key=lambda row: (-feelings[row], names[row])):
        name, count = names[row], int(counts[names[row]].sum())
        if feelings[row] >= config.least_feeling and not any(_same_word(name, phrase.text) for phrase in found):
            low, high = wilson(positives[row], count)
            found.append(Phrase(name, count, float(positives[row]), low, high, feelings[row]))
    return found


def tokens(text: str) -> list[str]:
    """Words and marks, in lower case.

    >>> tokens("연기가 죽인다!! LOL")
    ['연기가', '죽인다', '!!', 'lol']
    """
    return TOKEN.findall(text.lower())


def proper_nouns(texts: list[str]) -> set[str]:
    """The words, in lower case, that are mostly written with a capital: people lean to no side, and carry no feeling.

    >>> sorted(proper_nouns(["Insane plot.", "Really insane.", "Jet Li is insane."]))
    ['jet', 'li', 'really']
    """
    every = Counter(token for text in texts for token in TOKEN.findall(text))
    capital: Counter[str] = Counter()
    for token, count in every.items():
        if token[0].isupper() and not token.isupper():  # all in capitals is shouting
            capital[token.lower()] += count
    return {word for word, count in capital.items() if count > every[word]}


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
            for stem in stems(text[stop - 1], 1 if head else 2):
                yield start, stop, f"{head} {stem}" if head else stem


def stems(word: str, shortest: int) -> list[str]:
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


def count_phrases(texts: list[list[str]], labels: np.ndarray, least: int) -> tuple[Counts, dict[str, list[np.ndarray]]]:
    """In how many bad and good reviews each phrase stands, for those in at least so many.

    Returns:
        The counts, and of each phrase those of the phrases, however rare, that are one letter of Korean longer.
    """
    counts: Counts = {}
    longer: dict[str, list[np.ndarray]] = defaultdict(list)
    for words in range(1, WORDS + 1):
        held: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        for text, label in zip(texts, labels, strict=True):
            # A phrase is no more frequent than its beginning: the longer ones need only be looked for there.
            held[label].update({phrase for _, _, phrase in phrases_in(text, words, counts)})
        every = {phrase: np.array([held[0][phrase], held[1][phrase]]) for phrase in sorted(held[0] | held[1])}
        counts |= {phrase: count for phrase, count in every.items() if count.sum() >= least}
        for phrase, count in every.items():
            of_a_next_word = phrase[-2:-1] == " "  # then only if it is frequent: what seldom follows is context
            inflected = HANGUL.fullmatch(phrase.rpartition(" ")[2]) is not None
            if inflected and (shorter := phrase[:-1].rstrip()) in counts and (phrase in counts or not of_a_next_word):
                longer[shorter].append(count)
    return counts, longer


def positive_share(count: np.ndarray, totals: np.ndarray) -> float:
    """How probably a review that holds it is good, were there as many good reviews as bad.

    >>> positive_share(np.array([10, 30]), totals=np.array([100, 300]))
    0.5
    """
    bad, good = count / totals
    return float(good / (bad + good))


def _expressions(counts: Counts, longer: dict[str, list[np.ndarray]], proper: set[str], reviews: int) -> list[str]:
    """The phrases that say something as they stand: expressions that name nobody and begin and end in no filler."""
    everywhere = {word for word, count in counts.items() if count.sum() > EVERYWHERE * reviews}
    return [
        phrase
        for phrase, count in counts.items()
        if _belongs_together(phrase, counts)
        and not _ends_one_way(count, longer[phrase])
        and proper.isdisjoint(words := phrase.split(" "))
        and everywhere.isdisjoint((words[0], words[-1]))
    ]


def _belongs_together(phrase: str, counts: Counts) -> bool:
    """Whether words are an expression: 막 is what often follows 기가, while anything follows 진짜."""
    head = phrase.rpartition(" ")[0]
    return not head or counts[phrase].sum() >= COLLOCATED * counts[head].sum()


def _same_word(phrase: str, other: str) -> bool:
    """Whether one is a stem of the other."""
    shorter, longer = sorted((phrase, other), key=len)
    rest = longer.removeprefix(shorter)
    return longer.startswith(shorter) and (not rest or HANGUL.fullmatch(rest) is not None)


def _ends_one_way(count: np.ndarray, longer: list[np.ndarray]) -> bool:
    """Whether a stem is nearly always one and the same longer phrase, which then says it better."""
    return any(other.sum() >= NEARLY_ALWAYS * count.sum() for other in longer)


def _endings_agree(count: np.ndarray, longer: list[np.ndarray], totals: np.ndarray) -> bool:
    """Whether what it ends in leaves it as balanced as it is: 재미 is 재미있다 or 재미없다, and that is no context.

    The spread of the positive share over its endings, none among them, less what chance may give, is small.
    """
    sizes, share = np.array([of.sum() for of in longer]), positive_share(count, totals)
    shares = np.array([positive_share(of, totals) for of in longer])
    free = max(0, len(longer) - 1)
    chance = share * (1 - share) * (free + 1.64 * np.sqrt(2 * free))  # 95 % of what chance alone would give
    return bool((sizes * (shares - share) ** 2).sum() - chance <= AGREEING**2 * count.sum())


def _contexts(texts: list[list[str]], counts: Counts, rows: dict[str, int]) -> sp.csr_matrix:
    """How often each phrase [row] stands in each context [column]: the words before and after, and its own ending."""
    columns: dict[str, int] = defaultdict(lambda: len(columns))
    where: list[int] = []
    which: list[int] = []
    for text in texts:
        around = ["", "", *text, ""]  # at the ends of a text stands nothing, which says much
        for words in range(1, WORDS + 1):
            for start, stop, phrase in phrases_in(text, words, counts):
                if (row := rows.get(phrase)) is not None:
                    far, before, after = around[start], around[start + 1], around[stop + 2]
                    ending = text[stop - 1][len(phrase.rsplit(" ", 1)[-1]) :]
                    seen = (f"1 {before}", f"2 {far}", f"particle {before[-1:]}", f"next {after}", f"ending {ending}")
                    where += [row] * len(seen)
                    which += [columns[context] for context in seen]
    shape = (len(rows), len(columns))
    return sp.csr_matrix((np.ones(len(where), np.float32), (where, which)), shape=shape)


def _space(contexts: sp.csr_matrix) -> np.ndarray:
    """A unit vector for each phrase: the positive pointwise mutual information with its contexts, reduced."""
    contexts = contexts[:, np.asarray(contexts.sum(axis=0)).ravel() >= TELLING].tocoo()
    if min(contexts.shape) < 2:
        return np.zeros((contexts.shape[0], 1))  # too little data: nothing is near anything
    phrase, context = (np.asarray(contexts.sum(axis=axis)).ravel() for axis in (1, 0))
    expected = context**SMOOTHING / (context**SMOOTHING).sum()
    information = np.log(contexts.data / (phrase[contexts.row] * expected[contexts.col]))
    positive = sp.csr_matrix((np.maximum(information, 0), (contexts.row, contexts.col)), shape=contexts.shape)
    vectors = TruncatedSVD(min(DIMENSIONS, min(positive.shape) - 1), random_state=SEED).fit_transform(positive)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _feelings(
    names: list[str], positives: np.ndarray, candidates: list[int], vectors: np.ndarray, neighbours: int
) -> dict[int, float]:
    """How far from balance each candidate's nearest phrases are, on the mean; those of the same last word aside."""
    last = [name.rpartition(" ")[2] for name in names]
    ends = [word[:2] if HANGUL.fullmatch(word) else word for word in last]  # whatever the ending of a Korean word
    strength = np.abs(2 * positives - 1)
    feelings = {}
    for row in candidates:
        likeness = vectors @ vectors[row]
        nearest = np.argsort(-likeness, kind="stable")[: 4 * neighbours]
        others = [other for other in nearest if ends[other] != ends[row] and likeness[other] > 0][:neighbours]
        feelings[row] = float(strength[others].mean()) if others else 0.0
    return feelings
