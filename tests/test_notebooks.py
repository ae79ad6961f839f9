"""The course: each chapter in two languages with the same code, and what each must end with."""

import re
from pathlib import Path

import jupytext
import mistune
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
CHAPTERS = sorted(path.name for path in (NOTEBOOKS / "ko").glob("*.py"))
ENDINGS = {
    "ko": ("## 요약", "## 연습 문제", "<summary>답</summary>", "## 출처"),
    "en": ("## Summary", "## Exercises", "<summary>Answers</summary>", "## Sources"),
}


def cells(language: str, chapter: str, kind: str) -> list[str]:
    """The sources of the cells of one kind."""
    notebook = jupytext.read(NOTEBOOKS / language / chapter)
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_both_languages_have_the_same_chapters() -> None:
    assert CHAPTERS
    assert sorted(path.name for path in (NOTEBOOKS / "en").glob("*.py")) == CHAPTERS


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_code_is_the_same_in_both_languages(chapter: str) -> None:
    assert cells("ko", chapter, "code") == cells("en", chapter, "code")
    assert len(cells("ko", chapter, "markdown")) == len(cells("en", chapter, "markdown"))


@pytest.mark.parametrize("language", ENDINGS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_ends_with_summary_exercises_answers_and_sources(chapter: str, language: str) -> None:
    text = "\n".join(cells(language, chapter, "markdown"))
    places = [text.find(part) for part in ENDINGS[language]]
    assert -1 not in places and places == sorted(places)
    _, _, exercises, answers, _ = re.split("|".join(map(re.escape, ENDINGS[language])), text)
    assert len(re.findall(r"^\d+\. ", exercises, flags=re.MULTILINE)) == 3
    assert len(re.findall(r"^\d+\. ", answers, flags=re.MULTILINE)) == 3


@pytest.mark.parametrize("language", ENDINGS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_is_emphasized_is_shown_so(chapter: str, language: str) -> None:
    """In `**$r$**는` Markdown takes the second `**` for no end, since a letter follows what is no letter."""
    for cell in cells(language, chapter, "markdown"):
        assert "**" not in re.sub(r"<code>.*?</code>|<[^>]+>", "", mistune.html(cell), flags=re.DOTALL), cell
