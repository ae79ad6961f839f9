"""What a data set is like is counted as a person would count it, in a sample that is the same everywhere."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets import quality
from pipeline.datasets.quality import assess, find_conflicts, find_near_duplicates, take_sample
from pipeline.support.same_text import normalize

TEXTS = ["ㄱㄱ", "1111", "좋다", "좋다 ", "굿", "good", "별로"]


@given(st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from([0, 1]))))
def test_conflicts_are_those_of_a_count_by_hand(reviews: list[tuple[str, int]]) -> None:
    counts = Counter((normalize(text), label) for text, label in reviews)
    both = {text for text, _ in counts if counts[text, 0] and counts[text, 1]}
    shown, count = find_conflicts(reviews)
    assert {(one.text, one.negative, one.positive) for one in shown} == {
        (text, counts[text, 0], counts[text, 1]) for text in both
    }
    assert count == len(both)


def words(seed: int, count: int) -> str:
    chance = random.Random(seed)
    return " ".join("".join(chance.choices("가나다라마바사아자차카타파하", k=4)) for _ in range(count))


def test_planted_near_duplicates_are_found_and_no_others() -> None:
    originals = [("train", words(n, 12)) for n in range(300)]
    copies = [("test", f"{text}!!") for _, text in originals[:100]]
    others = [("test", words(1000 + n, 12)) for n in range(100)]
    found = list(find_near_duplicates([*originals, *copies, *others]))
    assert {(one.text, one.other) for one in found} <= {(c[1], o[1]) for c, o in zip(copies, originals, strict=False)}
    assert len(found) >= 98  # MinHash may miss some of a similarity of 0.95
    assert all((one.split, one.other_split) == ("test", "train") and one.similarity > 0.8 for one in found)


def test_many_of_one_kind_are_each_the_same_as_the_first() -> None:
    found = list(find_near_duplicates(("train", "ㅋ" * n) for n in range(3, 2000)))
    assert len(found) == 1996 and {one.other for one in found} == {"ㅋㅋㅋ"}


def test_the_sample_has_a_bound_and_does_not_depend_on_the_order(monkeypatch) -> None:
    monkeypatch.setattr(quality, "SAMPLED_REVIEWS", 50)
    reviews = [(f"리뷰 {n}", n % 2) for n in range(500)]
    sample = take_sample({"train": reviews[:400], "test": reviews[400:]})
    assert len(sample) == 50 and {split for split, _ in sample} == {"train", "test"}
    assert set(take_sample({"train": reviews[399::-1], "test": reviews[400:]})) == set(sample)
    monkeypatch.setattr(quality, "SAMPLED_CHARACTERS", 60)
    assert set(take_sample({"train": reviews[:400], "test": reviews[400:]})) < set(sample)


def test_what_leaks_is_counted() -> None:
    train, dev, test = [("좋다", 1), ("ㄱㄱ", 0)], [("1111", 1)], [(" 좋다", 1), ("별로\u200b다", 0)]
    splits = {"train": train, "dev": dev, "test": test, "unsupervised": [("별로 다", -1)]}
    found = assess({"train": train, "test": test}, splits)
    assert {pair: count for pair, count in found.leaked.items() if count} == {
        ("train", "test"): 1,
        ("test", "unsupervised"): 1,
    }
    assert found.metrics["leaked"] == 2 and sum(found.languages.values()) == found.sampled == found.labelled == 5
