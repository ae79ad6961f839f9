"""The flip is a pair that the model gets right and the baseline does not, and the clearest of those."""

import pytest

from pipeline.artifact.tables import read_table, write_table
from pipeline.evidence.pairs import Pair
from pipeline.evidence.pairs.flip import added_by_context, choose_flip
from pipeline.evidence.tables import write_pairs
from tests.evidence.small_context import small_context

COLUMNS = ("pos_positive", "neg_positive", "alone_positive")


def row(category: str, phrase: str, model: tuple[float, ...], baseline: tuple[float, ...]) -> dict[str, str]:
    numbers = dict(zip([*COLUMNS, *(f"baseline_{name}" for name in COLUMNS)], [*model, *baseline], strict=True))
    texts = {"category": category, "phrase": phrase, "pos": f"좋은 {phrase}", "neg": f"나쁜 {phrase}"}
    return texts | {name: str(value) for name, value in numbers.items()}


RIGHT, WRONG, BARELY = (0.9, 0.1, 0.5), (0.9, 0.8, 0.5), (0.55, 0.45, 0.5)


def test_none_is_chosen_where_context_did_not_decide() -> None:
    assert choose_flip([], []) is None
    assert choose_flip([row("lexical", "죽인다", WRONG, WRONG), row("lexical", "소름", RIGHT, RIGHT)], []) is None


def test_the_clearest_is_chosen() -> None:
    leaning = (0.9, 0.1, 0.85)
    pairs = [row("lexical", name, of, WRONG) for name, of in (("가", BARELY), ("나", RIGHT), ("다", leaning))]
    flip = choose_flip([*pairs, row("lexical", "라", RIGHT, RIGHT)], [])
    assert flip is not None and flip.phrase == "나" and flip.candidates == 3
    assert flip.praise == {"model": 0.9, "baseline": 0.9} and flip.blame == {"model": 0.1, "baseline": 0.8}
    assert flip.alone["model"] == 0.5 and flip.pos == "좋은 나" and flip.neg == "나쁜 나"


def test_a_phrase_of_two_meanings_comes_first_and_that_of_the_explained_texts_before_it() -> None:
    pairs = [row("order", "가", RIGHT, WRONG), row("lexical", "나", BARELY, WRONG)]
    lexical, explained = choose_flip(pairs, []), choose_flip(pairs, ["이건 가"])
    assert lexical is not None and lexical.phrase == "나"
    assert explained is not None and explained.phrase == "가"


def test_what_context_adds_is_a_difference_of_logits() -> None:
    assert added_by_context(0.5, 0.5) == 0
    assert added_by_context(0.25, 0.75) == pytest.approx(-added_by_context(0.75, 0.25))
    assert added_by_context(0.0, 1.0) < 20  # four decimals of a table tell no more


def test_it_is_read_from_the_table_of_pairs(tmp_path) -> None:
    pair = Pair("lexical", "죽인다", "연기가 죽인다", "시간만 죽인다")
    write_pairs(tmp_path / "pairs.tsv", small_context(pairs=[pair]))
    flip = choose_flip(read_table(tmp_path / "pairs.tsv"), [])
    assert flip is not None and flip.phrase == "죽인다"
    assert flip.alone == {"model": 0.1, "baseline": 0.9}
    assert flip.praise == {"model": 0.9, "baseline": 0.9} and flip.blame == {"model": 0.1, "baseline": 0.9}
    write_table(tmp_path / "empty.tsv", ["category"], [])
    assert choose_flip(read_table(tmp_path / "empty.tsv"), []) is None
