"""Ambiguous phrases, mined from labelled reviews with no word list.

A phrase is one to three words, the last of which may be a stem: 기가 막 stands for 기가 막히다, 기가 막혀서 and so on.
It is ambiguous if it stands about as often in good as in bad reviews and yet carries feeling. 영화 is balanced too, so
feeling has to be told apart from indifference: a phrase that carries feeling stands where others do that are far from
balanced, 최고다 and 최악이다, while 영화 stands where 드라마 does. What stands alike is found by the words around it,
as in Levy & Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization".
"""

from collections import Counter, defaultdict

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD

from pipeline.config.schema import PhrasesConfig
from pipeline.evidence.metrics import wilson
from pipeline.evidence.phrases import HANGUL, TOKEN, WORDS, Phrase, phrases_in, tokens
from pipeline.text.reviews import Reviews

SEED = 1
MAX_DOCUMENT_FREQUENCY = 0.25  # a phrase doesn't begin or end in a word of so many reviews: the, of, was
MIN_CONTEXT_COUNT = 20  # a context that is rarer says little
MIN_CONTINUATION_SHARE = 0.1  # share of what follows its first words that makes a phrase an expression
NEARLY_ALWAYS = 0.8
AGREEING = 0.15  # spread of the positive share over the endings of one stem, at most
DIMENSIONS = 100  # of the space in which phrases stand near one another
SMOOTHING = 0.75  # of how often contexts are expected: rare ones say too much else (Levy et al. 2015)
Counts = dict[str, np.ndarray]  # phrase -> bad and good reviews that hold it


def mine_phrases(config: PhrasesConfig, reviews: Reviews) -> list[Phrase]:
    """The ambiguous phrases, those with most feeling first, one for each word and its stems."""
    texts = [tokens(text) for text in reviews.texts]
    totals = np.bincount(reviews.labels, minlength=2)
    counts, longer = count_phrases(texts, reviews.labels, config.min_count)
    names = _expressions(counts, longer, proper_nouns(reviews.texts), len(texts))
    positives = np.array([positive_share(counts[name], totals) for name in names])
    candidates = [
        row
        for row, name in enumerate(names)
        if abs(positives[row] - 0.5) <= config.balance
        and _homogeneous_over_inflections(counts[name], longer[name], totals)
    ]
    if not candidates:
        return []
    vectors = _ppmi_svd(_contexts(texts, counts, {name: row for row, name in enumerate(names)}))
    neighbour_polarities = _neighbour_polarities(names, positives, candidates, vectors, config.neighbours)
    found: list[Phrase] = []
    for row in sorted(candidates, key=lambda row: (-neighbour_polarities[row], names[row])):
        name, count = names[row], int(counts[names[row]].sum())
        if neighbour_polarities[row] >= config.min_polarity and not any(
            _same_word(name, phrase.text) for phrase in found
        ):
            low, high = wilson(positives[row], count)
            found.append(Phrase(name, count, float(positives[row]), low, high, neighbour_polarities[row]))
    return found


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
    everywhere = {word for word, count in counts.items() if count.sum() > MAX_DOCUMENT_FREQUENCY * reviews}
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
    return not head or counts[phrase].sum() >= MIN_CONTINUATION_SHARE * counts[head].sum()


def _same_word(phrase: str, other: str) -> bool:
    """Whether one is a stem of the other."""
    shorter, longer = sorted((phrase, other), key=len)
    rest = longer.removeprefix(shorter)
    return longer.startswith(shorter) and (not rest or HANGUL.fullmatch(rest) is not None)


def _ends_one_way(count: np.ndarray, longer: list[np.ndarray]) -> bool:
    """Whether a stem is nearly always one and the same longer phrase, which then says it better."""
    return any(other.sum() >= NEARLY_ALWAYS * count.sum() for other in longer)


def _homogeneous_over_inflections(count: np.ndarray, longer: list[np.ndarray], totals: np.ndarray) -> bool:
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


def _ppmi_svd(contexts: sp.csr_matrix) -> np.ndarray:
    """A unit vector for each phrase: the positive pointwise mutual information with its contexts, reduced."""
    contexts = contexts[:, np.asarray(contexts.sum(axis=0)).ravel() >= MIN_CONTEXT_COUNT].tocoo()
    if min(contexts.shape) < 2:
        return np.zeros((contexts.shape[0], 1))  # too little data: nothing is near anything
    phrase, context = (np.asarray(contexts.sum(axis=axis)).ravel() for axis in (1, 0))
    expected = context**SMOOTHING / (context**SMOOTHING).sum()
    information = np.log(contexts.data / (phrase[contexts.row] * expected[contexts.col]))
    positive = sp.csr_matrix((np.maximum(information, 0), (contexts.row, contexts.col)), shape=contexts.shape)
    vectors = TruncatedSVD(min(DIMENSIONS, min(positive.shape) - 1), random_state=SEED).fit_transform(positive)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _neighbour_polarities(
    names: list[str], positives: np.ndarray, candidates: list[int], vectors: np.ndarray, neighbours: int
) -> dict[int, float]:
    """How far from balance each candidate's nearest phrases are, on the mean; those of the same last word aside."""
    last = [name.rpartition(" ")[2] for name in names]
    ends = [word[:2] if HANGUL.fullmatch(word) else word for word in last]  # whatever the ending of a Korean word
    strength = np.abs(2 * positives - 1)
    neighbour_polarities = {}
    for row in candidates:
        likeness = vectors @ vectors[row]
        nearest = np.argsort(-likeness, kind="stable")[: 4 * neighbours]
        others = [other for other in nearest if ends[other] != ends[row] and likeness[other] > 0][:neighbours]
        neighbour_polarities[row] = float(strength[others].mean()) if others else 0.0
    return neighbour_polarities
