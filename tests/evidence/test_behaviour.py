"""The behavioural suite is large enough, always the same, and fails just where a model's answers say so."""

import random
import re
from collections import Counter

import numpy as np
import pytest

from pipeline.artifact.tables import read_table
from pipeline.datasets.maekrak.josa import has_final
from pipeline.evidence.behaviour import EDITS, KINDS, Case, Suite, compose, failed, read_cases
from pipeline.evidence.measures import behaviour
from pipeline.evidence.pairs import canonical_key, read_pairs
from pipeline.evidence.registry import BEHAVIOURS
from pipeline.evidence.tables import write_behaviour
from pipeline.support.errors import UserError
from tests.evidence.small_context import small_context


@pytest.fixture(params=["ko", "en"])
def cases(request: pytest.FixtureRequest) -> list[Case]:
    return read_cases(request.param)


def test_there_are_enough_cases_of_each_kind_and_test(cases: list[Case]) -> None:
    assert len(cases) == len({(case.before, case.text) for case in cases}) >= 300
    assert {case.kind for case in cases} == set(KINDS)
    assert Counter(case.test for case in cases) == dict.fromkeys(BEHAVIOURS, len(cases) // len(BEHAVIOURS))
    assert len(cases) // len(BEHAVIOURS) >= 50


def test_good_and_bad_are_in_balance(cases: list[Case]) -> None:
    expected = Counter(case.expected for case in cases)
    assert expected["positive"] == expected["negative"] >= 200
    assert expected["not lower"] == expected["not higher"] >= 50


def test_they_are_the_same_each_time(cases: list[Case]) -> None:
    language = "ko" if re.search("[가-힣]", cases[0].text) else "en"
    random.seed(random.random())
    assert read_cases(language) == cases


def test_every_slot_is_filled_and_every_change_changes(cases: list[Case]) -> None:
    assert not [case for case in cases if re.search("[{}]", case.text + case.before)]
    assert not [case for case in cases if case.text == case.before or bool(case.before) != (case.kind != KINDS[0])]


@pytest.mark.parametrize("pairs", ["ko", "ko_final", "en"])
def test_no_case_is_a_text_of_a_pair(cases: list[Case], pairs: str) -> None:
    of_pairs = {canonical_key(text) for pair in read_pairs(pairs) for text in (pair.pos, pair.neg)}
    assert not {canonical_key(text) for case in cases for text in (case.text, case.before)} & of_pairs


def test_particles_agree() -> None:
    for case in read_cases("ko"):
        for noun in re.findall(r"(?:영화의|\w의) (\w+)[이가] ", case.before or case.text):
            after = re.search(rf"{noun}([이가]) ", case.before or case.text)
            assert after and (after[1] == "이") == has_final(noun), case


def test_a_change_of_name_changes_nothing_else() -> None:
    for case in read_cases("en"):
        if case.test == "names":
            before, after = case.before.split(), case.text.split()
            assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) <= 2


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_an_edit_leaves_alone_what_it_can_not_change(edit) -> None:
    assert edit("", random.Random(0)) == ""


@pytest.mark.parametrize(
    ("expected", "positive", "before", "fails"),
    [
        ("positive", 0.5, 0.5, False),
        ("positive", 0.49, 0.49, True),
        ("negative", 0.5, 0.5, True),
        ("same", 0.9, 0.4, True),
        ("same", 0.9, 0.6, False),
        ("not lower", 0.35, 0.4, False),
        ("not lower", 0.25, 0.4, True),
        ("not higher", 0.55, 0.4, True),
        ("not higher", 0.25, 0.4, False),
    ],
)
def test_what_fails(expected: str, positive: float, before: float, fails: bool) -> None:
    case = Case("", "", expected, "text", "before")
    assert failed([case], np.array([positive]), np.array([before])).tolist() == [fails]


def test_a_rule_about_one_word_fails_where_it_must(tmp_path) -> None:
    """The model of the small context says good wherever 연기 stands: names turn nothing, and negation all of half."""
    context = small_context()
    rates = {measurement.name: measurement.values["model"].mean() for measurement in behaviour.measure(context)}
    assert set(rates) == {f"behaviour_{name}_failure" for name in (*KINDS, *BEHAVIOURS)}
    assert rates["behaviour_names_failure"] == rates["behaviour_added_blame_failure"] == 0
    assert 0.4 < rates["behaviour_negation_failure"] < 0.6
    write_behaviour(tmp_path / "behaviour.tsv", context)
    rows = read_table(tmp_path / "behaviour.tsv")
    of_names = [row for row in rows if row["test"] == "negation"]
    assert np.mean([row["failed"] == "1" for row in of_names]) == rates["behaviour_negation_failure"]
    assert all(row["positive_before"] == "" for row in of_names)


def test_too_few_different_cases_are_refused() -> None:
    suite = Suite(3, {}, {}, {}, {"few": {"kind": "functionality", "pos": ["좋았다"], "neg": ["나빴다"]}})
    with pytest.raises(UserError, match="few has 2 different cases, must have 3"):
        compose(suite, "few")
