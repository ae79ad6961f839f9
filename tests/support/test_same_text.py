"""Which texts are the same: what a reader can't tell apart, and what the tokenizer can't."""

import unicodedata

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipeline.support.same_text import normalize, same_text_keys
from pipeline.text.vocabulary import NORMALIZATION

NAMED = ["\u200b", "\ufeff", "\u200f", "\u00ad", "\u2060", "\u3164"]
CODE_POINTS = [one for one in map(chr, range(0x110000)) if unicodedata.category(one) not in ("Cn", "Co", "Cs")]


@given(st.text())
def test_normalizing_twice_is_normalizing_once(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(st.text())
def test_spelling_and_spacing_do_not_matter(text: str) -> None:
    assert normalize(unicodedata.normalize("NFD", text)) == normalize(text)
    assert normalize(f" \t{text}\n ") == normalize(text)


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="\u3164\u115f\u1160\uffa0")))
def test_a_text_without_what_is_invisible_has_the_key_it_always_had(text: str) -> None:
    """So no split changes by it: this was the whole rule."""
    assert same_text_keys(text) == {" ".join(unicodedata.normalize("NFC", text).split())}


@pytest.mark.parametrize("character", NAMED, ids=[f"U+{ord(character):04X}" for character in NAMED])
def test_what_a_reader_does_not_see_makes_no_other_text(character: str) -> None:
    assert normalize(character) == normalize(f"{character} {character}") == ""
    for text in (f"{character}시간만 죽인다", f"시간만{character} 죽인다", f"시간{character}만 죽인다{character}"):
        assert normalize(text) == "시간만 죽인다"


def test_what_the_tokenizer_reads_as_nothing_or_a_space_is_no_other_text() -> None:
    read = sentencepiece.SentencePieceNormalizer(rule_name=NORMALIZATION)
    nothing = [one for one in CODE_POINTS if read.normalize(f"a{one}b") == read.normalize("ab")]
    spaces = [one for one in CODE_POINTS if read.normalize(f"a{one}b") == read.normalize("a b")]
    assert len(nothing) > 20 and len(spaces) > 20
    assert [one for one in nothing if "ab" not in same_text_keys(f"a{one}b")] == []
    assert [one for one in spaces if "a b" not in same_text_keys(f"a{one}b")] == []
    assert [one for one in nothing + spaces if normalize(one)] == []


def test_all_format_characters_are_invisible_but_those_that_show_something() -> None:
    shown = {one for one in CODE_POINTS if unicodedata.category(one) == "Cf" and normalize(one)}
    scripts = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN")  # signs around numbers and verses, joiners of hieroglyphs
    assert [unicodedata.name(one) for one in shown if not unicodedata.name(one).startswith(scripts)] == []
    assert {one for one in CODE_POINTS if unicodedata.category(one) == "Cc" and normalize(one)} == set()
