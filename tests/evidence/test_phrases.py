"""Phrases are found in texts whatever their endings; what each does to the network is seen by taking it out."""

import numpy as np
import pytest

from pipeline.evidence.occlusion import occlude
from pipeline.evidence.phrases import pattern, phrases_per_text, prefixes, surface_form, texts_by_phrase, without
from tests.evidence.small_context import KILLER, TEST, WONDER, sees_context


def test_texts_hold_words_and_stems() -> None:
    of_texts = phrases_per_text(TEST.texts, [KILLER, WONDER])
    assert of_texts == [[KILLER], [KILLER], [WONDER], []]
    assert phrases_per_text(["죽인다 죽인다"], [KILLER]) == [[KILLER]]
    assert phrases_per_text(TEST.texts, []) == [[], [], [], []]
    assert texts_by_phrase(of_texts) == {"죽인다": [0, 1], "기가 막": [2]}
    assert surface_form(TEST.texts[2], "기가 막") == "기가 막힌"


def test_occlusion_lifts_the_good_and_lowers_the_bad() -> None:
    def amplifier(texts: list[str]) -> np.ndarray:  # 죽인다 strengthens whatever stands there
        logit = np.array(
            [("연기" in t) - ("시간" in t) + 2.0 * ("죽인다" in t) * (("연기" in t) - ("시간" in t)) for t in texts]
        )
        return 1 / (1 + np.exp(-logit))

    effect = occlude([KILLER], TEST, amplifier, reviews=50)["죽인다"]
    assert effect.spread == pytest.approx(2.0)
    assert (effect.good, effect.bad) == ("연기가 죽인다", "시간만 죽인다")
    assert occlude([KILLER], TEST, amplifier, reviews=1)["죽인다"].bad == ""  # the first that holds it is good
    assert occlude([], TEST, sees_context, reviews=50) == {}


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


def test_only_korean_words_have_prefixes() -> None:
    assert prefixes("죽인다", 2) == ["죽인", "죽인다"]
    assert prefixes("insane", 2) == ["insane"]
    assert prefixes("왜", 2) == ["왜"]
