"""Ambiguous phrases, mined from labelled reviews with no word list.

A phrase is a few words, the last of which may be a stem: 기가 막 stands for 기가 막히다, 기가 막혀서 and so on.
It is ambiguous if it stands about as often in good as in bad reviews and yet carries feeling. 영화 is balanced too, so
feeling has to be told apart from indifference: a phrase that carries feeling stands where others do that are far from
balanced, 최고다 and 최악이다, while 영화 stands where 드라마 does. What stands alike is found by the words around it,
as in Levy & Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization".

All thresholds are values of `evaluate.phrases`.
"""

from collections import Counter, defaultdict

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD

from pipeline.config.schema import PhrasesConfig
from pipeline.evidence.metrics import wilson
from pipeline.evidence.phrases import HANGUL, TOKEN, Phrase, phrases_in, tokens
from pipeline.text.reviews import Reviews

SEED = 1
Z_ONE_SIDED = 1.64  # standard errors above the mean that 95 % of what chance alone gives stays below
Counts = dict[str, np.ndarray]  # phrase -> bad and good reviews that hold it


def mine_phrases(config: PhrasesConfig, reviews: Reviews) -> list[Phrase]:
    """Return the ambiguous phrases, those with most feeling first, one for each word and its stems."""
    texts = [tokens(text) for text in reviews.texts]
    totals = np.bincount(reviews.labels, minlength=2)
    counts, longer = count_phrases(config, texts, reviews.labels)
    names = _expressions(config, counts, longer, proper_nouns(reviews.texts), len(texts))
    positives = np.array([positive_share(counts[name], totals) for name in names])
    candidates = [
        row
        for row, name in enumerate(names)
        if abs(positives[row] - 0.5) <= config.balance
        and homogeneous_over_inflections(counts[name], longer[name], totals, config.max_inflection_spread)
    ]
    if not candidates:
        return []
    contexts = _contexts(config, texts, counts, {name: row for row, name in enumerate(names)})
    polarities = _neighbour_polarities(config, names, positives, candidates, _ppmi_svd(config, contexts))
    found: list[Phrase] = []
    for row in sorted(candidates, key=lambda row: (-polarities[row], names[row])):
        name, count = names[row], int(counts[names[row]].sum())
        if polarities[row] >= config.min_polarity and not any(_same_word(name, phrase.text) for phrase in found):
            low, high = wilson(positives[row], count)
            found.append(Phrase(name, count, float(positives[row]), low, high, polarities[row]))
    return found


def proper_nouns(texts: list[str]) -> set[str]:
    """Return the words, in lower case, that are mostly written with a capital: names lean to no side by themselves.

    >>> sorted(proper_nouns(["Insane plot.", "Really insane.", "Jet Li is insane."]))
    ['jet', 'li', 'really']
    """
    every = Counter(token for text in texts for token in TOKEN.findall(text))
    capital: Counter[str] = Counter()
    for token, count in every.items():
        if token[0].isupper() and not token.isupper():  # all in capitals is shouting
            capital[token.lower()] += count
    return {word for word, count in capital.items() if count > every[word]}


def count_phrases(
    config: PhrasesConfig, texts: list[list[str]], labels: np.ndarray
) -> tuple[Counts, dict[str, list[np.ndarray]]]:
    """Count in how many bad and good reviews each phrase stands, of those in `min_count` reviews or more.

    Returns:
        The counts, and of each phrase those of the phrases, however rare, that are one letter of Korean longer.
    """
    counts: Counts = {}
    longer: dict[str, list[np.ndarray]] = defaultdict(list)
    for words in range(1, config.max_words + 1):
        holding: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        for text, label in zip(texts, labels, strict=True):
            # A phrase is no more frequent than its beginning: the longer ones need only be looked for there.
            holding[label].update({phrase for _, _, phrase in phrases_in(text, words, counts)})
        bad, good = holding
        every = {phrase: np.array([bad[phrase], good[phrase]]) for phrase in sorted(bad | good)}
        counts |= {phrase: count for phrase, count in every.items() if count.sum() >= config.min_count}
        for phrase, count in every.items():
            of_a_next_word = phrase[-2:-1] == " "  # then only if it is frequent: what seldom follows is context
            inflected = HANGUL.fullmatch(phrase.rpartition(" ")[2]) is not None
            if inflected and (shorter := phrase[:-1].rstrip()) in counts and (phrase in counts or not of_a_next_word):
                longer[shorter].append(count)
    return counts, longer


def positive_share(count: np.ndarray, totals: np.ndarray) -> float:
    """Return how probably a review that holds it is good, were there as many good reviews as bad.

    >>> positive_share(np.array([10, 30]), totals=np.array([100, 300]))
    0.5
    """
    bad, good = count / totals
    return float(good / (bad + good))


def _expressions(
    config: PhrasesConfig, counts: Counts, longer: dict[str, list[np.ndarray]], proper: set[str], reviews: int
) -> list[str]:
    """Return the phrases that say something as they stand: that name nobody, and begin and end in no filler."""
    limit = config.max_document_frequency * reviews
    fillers = {word for word, count in counts.items() if count.sum() > limit}
    return [
        phrase
        for phrase, count in counts.items()
        if _belongs_together(phrase, counts, config.min_continuation_share)
        and not _has_one_continuation(count, longer[phrase], config.max_continuation_share)
        and proper.isdisjoint(words := phrase.split(" "))
        and fillers.isdisjoint((words[0], words[-1]))
    ]


def _belongs_together(phrase: str, counts: Counts, least: float) -> bool:
    """Return whether words are an expression: 막 is what often follows 기가, while anything follows 진짜."""
    head = phrase.rpartition(" ")[0]
    return not head or counts[phrase].sum() >= least * counts[head].sum()


def _has_one_continuation(count: np.ndarray, longer: list[np.ndarray], most: float) -> bool:
    """Return whether a stem is nearly always one and the same longer phrase, which then says it better."""
    return any(other.sum() >= most * count.sum() for other in longer)


def _same_word(phrase: str, other: str) -> bool:
    """Return whether one is a stem of the other."""
    shorter, longer = sorted((phrase, other), key=len)
    rest = longer.removeprefix(shorter)
    return longer.startswith(shorter) and (not rest or HANGUL.fullmatch(rest) is not None)


def homogeneous_over_inflections(
    count: np.ndarray, longer: list[np.ndarray], totals: np.ndarray, max_spread: float
) -> bool:
    """Test by chi-squared whether all inflections of a stem share one positive rate, up to a spread that is allowed.

    재미 is 재미있다 or 재미없다: balanced by its ending, not by its context. If the rates are one, the squares of the
    inflections' deviations from the stem's rate, weighted by size and divided by the variance of one review, follow
    chi-squared. What they have above its 95 % point (by the normal approximation, of mean df and variance 2 df) is
    spread in earnest. With much data any spread would be, so one of `max_spread` is still allowed.

    Args:
        count: bad and good reviews that hold the stem. longer: the same for what is one letter longer.
        totals: bad and good reviews in all. max_spread: standard deviation of the positive rate over the inflections.
    """
    sizes, rate = np.array([of.sum() for of in longer]), positive_share(count, totals)
    rates = np.array([positive_share(of, totals) for of in longer])
    freedom = max(0, len(longer) - 1)
    critical = rate * (1 - rate) * (freedom + Z_ONE_SIDED * np.sqrt(2 * freedom))
    return bool((sizes * (rates - rate) ** 2).sum() - critical <= max_spread**2 * count.sum())


def _contexts(config: PhrasesConfig, texts: list[list[str]], counts: Counts, rows: dict[str, int]) -> sp.csr_matrix:
    """Count how often each phrase [row] stands in each context [column].

    Contexts are the words before and after it, the last letter of the word before, and its own ending.
    """
    columns: dict[str, int] = defaultdict(lambda: len(columns))
    where: list[int] = []
    which: list[int] = []
    for text in texts:
        around = ["", "", *text, ""]  # at the ends of a text stands nothing, which says much
        for words in range(1, config.max_words + 1):
            for start, stop, phrase in phrases_in(text, words, counts):
                if (row := rows.get(phrase)) is not None:
                    far, before, after = around[start], around[start + 1], around[stop + 2]
                    ending = text[stop - 1][len(phrase.rsplit(" ", 1)[-1]) :]
                    seen = (f"1 {before}", f"2 {far}", f"particle {before[-1:]}", f"next {after}", f"ending {ending}")
                    where += [row] * len(seen)
                    which += [columns[context] for context in seen]
    shape = (len(rows), len(columns))
    return sp.csr_matrix((np.ones(len(where), np.float32), (where, which)), shape=shape)


def _ppmi_svd(config: PhrasesConfig, contexts: sp.csr_matrix) -> np.ndarray:
    """Return a unit vector for each phrase: its positive pointwise mutual information with its contexts, reduced."""
    frequent = np.asarray(contexts.sum(axis=0)).ravel() >= config.min_context_count
    contexts = contexts[:, frequent].tocoo()
    if min(contexts.shape) < 2:
        return np.zeros((contexts.shape[0], 1))  # too little data: nothing is near anything
    phrase, context = (np.asarray(contexts.sum(axis=axis)).ravel() for axis in (1, 0))
    expected = context**config.context_smoothing / (context**config.context_smoothing).sum()
    information = np.log(contexts.data / (phrase[contexts.row] * expected[contexts.col]))
    positive = sp.csr_matrix((np.maximum(information, 0), (contexts.row, contexts.col)), shape=contexts.shape)
    dimensions = min(config.dimensions, min(positive.shape) - 1)
    vectors = TruncatedSVD(dimensions, random_state=SEED).fit_transform(positive)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _neighbour_polarities(
    config: PhrasesConfig, names: list[str], positives: np.ndarray, candidates: list[int], vectors: np.ndarray
) -> dict[int, float]:
    """Return how far from balance each candidate's nearest phrases are, on the mean; those of its last word aside."""
    last = [name.rpartition(" ")[2] for name in names]
    ends = [word[:2] if HANGUL.fullmatch(word) else word for word in last]  # whatever the ending of a Korean word
    polarity = np.abs(2 * positives - 1)
    polarities = {}
    for row in candidates:
        likeness = vectors @ vectors[row]
        nearest = np.argsort(-likeness, kind="stable")[: config.searched_neighbours]
        others = [other for other in nearest if ends[other] != ends[row] and likeness[other] > 0][: config.neighbours]
        polarities[row] = float(polarity[others].mean()) if others else 0.0
    return polarities
