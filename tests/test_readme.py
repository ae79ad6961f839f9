"""README says the same in both languages, and names only what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.ko.md")


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_both_languages_show_the_same_code() -> None:
    english, korean = (re.findall(r"```\w+\n.*?```", text(name), flags=re.DOTALL) for name in READMES)
    assert english == korean
    assert len(english) >= 6


def test_both_languages_give_the_same_figures() -> None:
    english, korean = (sorted(re.findall(r"\d+\.\d+ ?%|\d+ s\b", text(name))) for name in READMES)
    assert english == korean


def test_both_languages_give_the_same_tables() -> None:
    rows = [[line for line in text(name).splitlines() if line.startswith("|")] for name in READMES]
    english, korean = ([sorted(re.findall(r"\d+(?:[.,]\d+)*", row)) for row in table] for table in rows)
    assert english == korean
    assert len(english) >= 80


@pytest.mark.parametrize("name", READMES)
def test_every_target_it_names_is_there(name: str) -> None:
    named = set(re.findall(r"^    make (\w+)|`make (\w+)", text(name), flags=re.MULTILINE))
    targets = set(re.findall(r"^(\w+):.*## ", text("Makefile"), flags=re.MULTILINE))
    assert {first or second for first, second in named} <= targets


@pytest.mark.parametrize("name", READMES)
def test_every_file_it_names_is_there(name: str) -> None:
    linked = re.findall(r"\]\(([^)h][^)]*)\)", text(name))
    assert linked
    headings = {
        "#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")  # as GitHub names them
        for heading in re.findall(r"^#+ (.*)$", text(name), re.MULTILINE)
    }
    assert all(path in headings or (ROOT / path).is_file() for path in linked)
