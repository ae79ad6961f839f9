"""A phrase is found where it is balanced and stands among what leans, and nowhere else."""

import random

import numpy as np
import pytest

from pipeline.config import PhrasesConfig
from pipeline.phrases import count_phrases, mine_phrases, pattern, stems, tokens, without
from pipeline.reviews import Reviews

GOOD = ["최고다", "훌륭하다", "재밌다", "감동이다"]
BAD = ["최악이다", "지루하다", "형편없다", "실망이다"]
NOUNS = ["연기", "음악", "대사", "결말"]
CONFIG = PhrasesConfig(least_count=20, balance=0.1, neighbours=5, least_feeling=0.45)


@pytest.fixture(scope="module")
def reviews() -> Reviews:
    """죽인다 stands where GOOD and BAD do, in as many good as bad reviews; 영화 stands where NOUNS do."""
    chance = random.Random(1)
    texts, labels = [], []
    for n in range(2000):
        label = n % 2
        said = "죽인다" if n % 10 < 2 else chance.choice((BAD, GOOD)[label])
        noun = chance.choice([*NOUNS, "영화"])
        texts.append(
            f"{chance.choice(['이', '그'])} {noun}{chance.choice(['가', '는'])} {chance.choice(['참', '정말'])} {said}!"
        )
        labels.append(label)
    return Reviews(texts, np.array(labels, np.int8))


def test_balanced_with_feeling_is_found_and_indifferent_is_not(reviews: Reviews) -> None:
    found = {phrase.text: phrase for phrase in mine_phrases(CONFIG, reviews)}
    assert any(text.startswith("죽") or text.endswith("죽인다") for text in found)
    assert not [text for text in found if text.startswith(("영화", *NOUNS, *GOOD, *BAD)) and " " not in text]
    phrase = next(phrase for text, phrase in found.items() if text.startswith("죽"))
    assert phrase.reviews == 400 and phrase.positive == 0.5
    assert phrase.low < 0.5 < phrase.high and phrase.feeling > 0.9


def test_classes_need_not_be_balanced(reviews: Reviews) -> None:
    """With every bad review twice, what was balanced is still."""
    twice = [n for n in range(len(reviews)) for _ in range(2 - reviews.labels[n])]
    more = Reviews([reviews.texts[n] for n in twice], reviews.labels[twice])
    assert next(phrase for phrase in mine_phrases(CONFIG, more) if phrase.text == "죽인다").positive == 0.5


def test_where_all_is_balanced_nothing_is_found(reviews: Reviews) -> None:
    assert mine_phrases(CONFIG, Reviews(reviews.texts, np.random.default_rng(1).permutation(reviews.labels))) == []


def test_a_stem_whose_endings_disagree_is_not_found() -> None:
    """최 is as often good as bad, but 최고 and 최악 are not."""
    texts = [f"이 영화 {word} {n % 7}" for n in range(100) for word in ("최고", "최악")]
    labels = np.array([1, 0] * 100, np.int8)
    assert not [
        p
        for p in mine_phrases(CONFIG.model_copy(update={"least_feeling": 0.0}), Reviews(texts, labels))
        if "최" in p.text
    ]


def test_counts_are_of_reviews_by_label() -> None:
    texts = [tokens(text) for text in ("죽인다 죽인다", "기가 막혀 죽인다", "기가 막힌다")]
    counts, longer = count_phrases(texts, np.array([0, 1, 1]), least=2)
    found = {phrase: count.tolist() for phrase, count in counts.items()}
    assert found["죽인다"] == [1, 1] and found["기가 막"] == [0, 2]
    assert "막혀" not in found and "기가 막혀" not in found
    assert sorted(count.tolist() for count in longer["기가 막"]) == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("text", "phrase", "left"),
    [
        ("연기가 죽인다!", "죽인다", "연기가  !"),
        ("죽인다고 죽여", "죽인다", "  죽여"),
        ("넌 안죽인다", "죽인다", "넌 안죽인다"),
        ("Insane. INSANELY good", "insane", " . INSANELY good"),
        ("기가  막힌다", "기가 막", " "),
    ],
)
def test_a_phrase_is_taken_out_as_whole_words(text: str, phrase: str, left: str) -> None:
    assert without(text, phrase) == left
    assert bool(pattern(phrase).search(text)) == (left != text)


def test_stems_are_of_korean_words_alone() -> None:
    assert stems("죽인다", 2) == ["죽인", "죽인다"]
    assert stems("insane", 2) == ["insane"]
    assert stems("왜", 2) == ["왜"]
