"""A phrase is found where it is balanced and stands among what leans, and nowhere else."""

import random

import numpy as np
import pytest

from pipeline.config.overlays import load_config
from pipeline.evidence.mining import count_phrases, homogeneous_over_inflections, mine_phrases
from pipeline.evidence.phrases import tokens
from pipeline.text.reviews import Reviews

GOOD = ["최고다", "훌륭하다", "재밌다", "감동이다"]
BAD = ["최악이다", "지루하다", "형편없다", "실망이다"]
NOUNS = ["연기", "음악", "대사", "결말"]
FEW = {"neighbours": 5, "searched_neighbours": 20}  # as few words as these reviews have
CONFIG = load_config("nsmc", "lstm").evaluate.phrases.model_copy(update=FEW)


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
    assert phrase.low < 0.5 < phrase.high and phrase.neighbour_polarity > 0.9


def test_classes_need_not_be_balanced(reviews: Reviews) -> None:
    """With every bad review twice, what was balanced is still."""
    twice = [n for n in range(len(reviews)) for _ in range(2 - reviews.labels[n])]
    more = Reviews([reviews.texts[n] for n in twice], reviews.labels[twice])
    assert next(phrase for phrase in mine_phrases(CONFIG, more) if phrase.text == "죽인다").positive == 0.5


def test_where_all_is_balanced_nothing_is_found(reviews: Reviews) -> None:
    assert mine_phrases(CONFIG, Reviews(reviews.texts, np.random.default_rng(1).permutation(reviews.labels))) == []


def test_a_stem_whose_endings_disagree_is_not_found() -> None:
    """재미 is as often good as bad, but 재미있다 and 재미없다 are not; with endings at random it would be found."""
    chance = random.Random(1)
    texts, labels = [], []
    for n in range(1500):
        label = n % 2
        said = f"재미{'없있'[label]}{chance.choice('다네고')}" if n % 5 == 0 else chance.choice("가나라마바") + "요"
        texts.append(f"{chance.choice('사아자차카타파하')}도 {said}")
        labels.append(label)
    by_word = Reviews(texts, np.array(labels, np.int8))
    by_chance = Reviews(texts, np.random.default_rng(1).permutation(by_word.labels))
    config = CONFIG.model_copy(update={"min_polarity": 0.0})
    assert not [phrase for phrase in mine_phrases(config, by_word) if phrase.text == "재미"]
    assert [phrase for phrase in mine_phrases(config, by_chance) if phrase.text == "재미"]


def test_only_korean_words_have_endings() -> None:
    """Insane is no stem of insanely, nor its review count part of that of insanely."""
    texts = [f"{word} thing {n % 3}" for n in range(40) for word in ("insane", "insanely", "other", "stuff")]
    counts, longer = count_phrases(CONFIG, [tokens(text) for text in texts], np.array([0, 1] * 80))
    assert counts["insane"].sum() == counts["insanely"].sum() == 40
    assert not longer["insanel"] and not longer["insane"]


def test_too_little_data_holds_no_phrase() -> None:
    texts = ["only" if n < 24 else f"w{n}" for n in range(200)]
    assert mine_phrases(CONFIG, Reviews(texts, np.array([0, 1] * 100, np.int8))) == []


def test_counts_are_of_reviews_by_label() -> None:
    texts = [tokens(text) for text in ("죽인다 죽인다", "기가 막혀 죽인다", "기가 막힌다")]
    config = CONFIG.model_copy(update={"min_count": 2})
    counts, longer = count_phrases(config, texts, np.array([0, 1, 1]))
    found = {phrase: count.tolist() for phrase, count in counts.items()}
    assert found["죽인다"] == [1, 1] and found["기가 막"] == [0, 2]
    assert "막혀" not in found and "기가 막혀" not in found
    assert sorted(count.tolist() for count in longer["기가 막"]) == [[0, 1], [0, 1]]


def test_inflections_of_one_rate_pass_the_test_as_often_as_it_says() -> None:
    """In 19 of 20 draws by chance alone, the chi-squared test of homogeneity finds nothing; of two rates it does."""
    rng, totals = np.random.default_rng(0), np.array([1000, 1000])
    passed = []
    for _ in range(400):
        longer = [np.array([60 - good, good]) for good in rng.binomial(60, 0.5, size=20)]
        passed.append(homogeneous_over_inflections(sum(longer), longer, totals, max_spread=0.0))
    assert 0.9 < np.mean(passed) < 0.98
    two_rates = [np.array([50, 10]), np.array([10, 50])]
    assert not homogeneous_over_inflections(sum(two_rates), two_rates, totals, max_spread=0.15)
    assert homogeneous_over_inflections(sum(two_rates), two_rates, totals, max_spread=0.5)
    assert homogeneous_over_inflections(np.array([60, 60]), [], totals, max_spread=0.0)
