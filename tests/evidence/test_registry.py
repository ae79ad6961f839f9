"""One registry names all measures: all that show measures ask it, and it asks for no TensorFlow."""

import re
import subprocess
import sys
from itertools import pairwise

import pytest

from pipeline.artifact.files import PACKAGE
from pipeline.evidence.pairs import read_pairs
from pipeline.evidence.registry import CATEGORIES, MEASURES, find_measure, measure_functions, position, shown_in
from pipeline.orchestration.code_hash import imported_files

SHOWING = ("serving/model_card.py", "compare.py", "summary.py", "tracking/seeds.py", "report/page.py")
SHOWING_TEXTS = ("report/page.html", "report/texts.yaml")


@pytest.mark.parametrize("path", SHOWING + SHOWING_TEXTS)
def test_none_that_shows_measures_names_one_itself(path: str) -> None:
    text = (PACKAGE / path).read_text("utf-8")
    titles = {title for measure in MEASURES.values() for title in measure.title}
    shown = [title.strip("… ") for title in titles if "{}" not in title]
    assert [title for title in shown if title.lower() in text.lower()] == []


def test_all_are_named_in_both_languages() -> None:
    for name, measure in MEASURES.items():
        english, korean = measure.title
        assert english and re.search("[가-힣A-Z]", korean), name
        assert english.startswith("…") == korean.startswith("…"), name
        assert english.count("{}") == korean.count("{}") == name.count("{}"), name


def test_what_goes_on_from_the_one_before_stands_after_it() -> None:
    for before, name in pairwise(MEASURES):
        if MEASURES[name].title.en.startswith("…"):
            assert before.split("_")[0] == name.split("_")[0]
            assert MEASURES[before].card or not MEASURES[name].card
            assert MEASURES[before].summary or not MEASURES[name].summary


def test_families_are_found_by_their_members() -> None:
    order = find_measure("pair_order_consistency")
    assert (
        order is not None and order.title == ("word order, both right", "어순, 둘 다 맞힘") and order.group == "pairs"
    )
    unknown = find_measure("pair_of_mine_ranked")
    assert unknown is not None and unknown.title.en == "of_mine, in the right order"
    assert find_measure("pair_{}_ranked") is not MEASURES["pair_{}_ranked"]
    assert find_measure("pair_order") is None
    assert position("of_another_version") == len(MEASURES) > position("control_shuffled_labels_accuracy")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_category_of_pairs_has_a_title(language: str) -> None:
    assert {pair.category for pair in read_pairs(language)} == set(CATEGORIES)


def test_every_file_of_measures_is_run() -> None:
    files = {path.stem for path in (PACKAGE / "evidence" / "measures").glob("[a-z]*.py")}
    assert sorted(function.__module__.rpartition(".")[2] for function in measure_functions()) == sorted(files)


def test_they_are_code_of_evaluate() -> None:
    assert {*(PACKAGE / "evidence" / "measures").glob("*.py")} <= imported_files("pipeline.evaluate")


def test_places_are_in_the_order_of_the_registry() -> None:
    shown = [name for name, _ in shown_in("card")]
    assert shown == sorted(shown, key=position) and "test_f1" in shown
    assert [measure.column for _, measure in shown_in("column")] == ["test", "ambiguous", "pairs", "ranked"]


def test_titles_can_be_read_without_tensorflow() -> None:
    code = "import sys, pipeline.evidence.registry; print({'tensorflow', 'sklearn', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
