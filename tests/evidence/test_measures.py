"""Each measure says what it is called, on readers whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.evidence.counterfactual import read_counterfactual
from pipeline.evidence.measures import (
    Measurement,
    PerModel,
    is_correct,
    measure_distance,
    measure_pairs,
    measure_slice,
    table_row,
)
from pipeline.evidence.metrics import difference_interval, interval
from pipeline.evidence.phrases import Phrase
from pipeline.evidence.probes import occlude, phrases_per_text, same_words_pairs, shuffle_words
from pipeline.evidence.templates import Template, Templates, last_words, read_templates
from pipeline.support.errors import UserError
from pipeline.text.reviews import Reviews

KILLER = Phrase("죽인다", 9, 0.5, 0.4, 0.6, 0.9)
WONDER = Phrase("기가 막", 9, 0.5, 0.4, 0.6, 0.9)
TEST = Reviews(["연기가 죽인다", "시간만 죽인다", "기가 막힌 연기", "그냥 영화"], np.array([1, 0, 1, 0], np.int8))


def context_reader(texts: list[str]) -> np.ndarray:
    """Says good where there is 연기, and bad where there is none."""
    return np.array([0.9 if "연기" in text else 0.1 for text in texts])


def read(texts: list[str]) -> PerModel:
    return {"model": context_reader(texts), "baseline": np.array([0.9 if "죽인다" in text else 0.1 for text in texts])}


def test_holding_finds_words_and_stems() -> None:
    assert phrases_per_text(TEST.texts, [KILLER, WONDER]) == [[KILLER], [KILLER], [WONDER], []]
    assert phrases_per_text(["죽인다 죽인다"], [KILLER]) == [[KILLER]]


def test_context_gain_is_what_the_phrase_alone_lacks() -> None:
    right = is_correct(read(TEST.texts), TEST.labels)
    whole, alone, gain = measure_slice(TEST, right, phrases_per_text(TEST.texts, [KILLER, WONDER]), read)
    assert whole.values["model"].tolist() == [True, True, True]
    assert alone.values["model"].tolist() == [False, True, False]  # without its context each is read as bad
    assert gain.values["model"].tolist() == [1, 0, 1]
    assert alone.values["baseline"].tolist() == [True, False, False] == whole.values["baseline"].tolist()
    assert gain.values["baseline"].tolist() == [0, 0, 0]


def test_without_phrases_there_is_no_slice() -> None:
    assert measure_slice(TEST, is_correct(read(TEST.texts), TEST.labels), [[], [], [], []], read) == []
    assert occlude([], TEST, context_reader) == {}


def test_occlusion_lifts_the_good_and_lowers_the_bad() -> None:
    def amplifier(texts: list[str]) -> np.ndarray:  # 죽인다 strengthens whatever stands there
        logit = np.array(
            [("연기" in t) - ("시간" in t) + 2.0 * ("죽인다" in t) * (("연기" in t) - ("시간" in t)) for t in texts]
        )
        return 1 / (1 + np.exp(-logit))

    effect = occlude([KILLER], TEST, amplifier)["죽인다"]
    assert effect.spread == pytest.approx(2.0)
    assert (effect.good, effect.bad) == ("연기가 죽인다", "시간만 죽인다")


def test_pairs_are_consistent_or_at_least_ranked() -> None:
    good = {"model": np.array([0.9, 0.9, 0.4]), "baseline": np.array([0.1, 0.1, 0.1])}
    bad = {"model": np.array([0.1, 0.8, 0.6]), "baseline": np.array([0.9, 0.1, 0.05])}
    consistency, ranked = measure_pairs("pair", good, bad)
    assert consistency.values["model"].tolist() == [True, False, False]
    assert ranked.values["model"].tolist() == [True, True, False]
    assert ranked.values["baseline"].tolist() == [False, False, True]


def test_reordered_reviews_share_all_words_but_not_the_label() -> None:
    texts = ["본편은 좋고 예고편은 별로", "예고편은 좋고 본편은 별로", "좋다 정말", "정말 좋다", "별로", "별로"]
    (pair,) = same_words_pairs(Reviews(texts, np.array([1, 0, 1, 1, 0, 1], np.int8)))
    assert (pair.pos, pair.neg) == (texts[0], texts[1])


def test_shuffling_keeps_the_words() -> None:
    texts = ["하나 둘 셋 넷 다섯 여섯 일곱", "하나", ""]
    shuffled = shuffle_words(texts)
    assert shuffled == shuffle_words(texts)
    assert shuffled != texts
    assert [sorted(text.split()) for text in shuffled] == [sorted(text.split()) for text in texts]


def test_distance_is_a_mean_over_passages() -> None:
    templates = Templates(
        ["그날 연기 없이", "그날 그냥 또"], [Template("죽인다", "연기", "시간"), Template("죽인다", "시간", "시간")]
    )
    consistency, _ = measure_distance(templates, 3, lambda words: np.ones(len(words)), read)
    assert consistency.values["model"].tolist() == [0.5, 0.0]  # the passage that speaks of 연기 misleads


def test_a_distance_longer_than_a_passage_is_refused() -> None:
    templates = Templates(["그날 그냥"], [Template("죽인다", "연기", "시간")])
    with pytest.raises(UserError, match=r"distances: 3: the neutral passages of .* have 2 pieces"):
        measure_distance(templates, 3, lambda words: np.ones(len(words)), read)


def test_what_stands_between_is_at_most_the_distance() -> None:
    def two_pieces_each(words: list[str]) -> np.ndarray:
        return np.full(len(words), 2)

    assert last_words("하나 둘 셋", 5, two_pieces_each) == ["둘", "셋"]
    assert last_words("하나 둘 셋", 0, two_pieces_each) == []
    assert last_words("하나 둘 셋", 99, two_pieces_each) == ["하나", "둘", "셋"]


def test_a_row_has_mean_interval_and_gain_item_by_item() -> None:
    model, baseline = np.repeat([1, 0], [80, 20]), np.repeat([1, 0], [70, 30])
    name, count, *shown = table_row(Measurement("m", {"model": model, "baseline": baseline}))
    assert (name, count) == ("m", 100)
    assert shown[0] == 0.8 and 0.7 < shown[1] < 0.75 and 0.85 < shown[2] < 0.9
    assert shown[6] == pytest.approx(0.1)
    assert 0.03 < shown[7] < shown[6] < shown[8] < 0.18  # narrower than either's own: they err on the same reviews
    assert table_row(Measurement("m", {"baseline": baseline}))[2:5] == [None, None, None]


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = [low <= 0.7 <= high for low, high in (interval(rng.random(200) < 0.7) for _ in range(300))]
    assert 0.9 < np.mean(covered) < 0.99


def test_the_interval_of_a_gain_covers_the_truth_and_is_nobody_s_side() -> None:
    rng = np.random.default_rng(0)
    drawn = [rng.choice([-1, 0, 1], 40, p=[0.05, 0.8, 0.15]) for _ in range(500)]
    covered = [low <= 0.1 <= high for low, high in map(difference_interval, drawn)]
    assert 0.92 < np.mean(covered) < 0.99
    for values in drawn[:20]:
        low, high = difference_interval(values)
        assert difference_interval(-values) == pytest.approx((-high, -low))


@pytest.mark.parametrize(("ahead", "certain"), [(0, False), (1, False), (4, False), (8, True)])
def test_being_ahead_on_few_pairs_is_not_certain(ahead: int, certain: bool) -> None:
    model = np.repeat([True, False], [ahead + 10, 24 - ahead])
    *_, low, high = table_row(Measurement("m", {"model": model, "baseline": np.repeat([True, False], [10, 24])}))
    assert (low > 0) == certain and high > low


@pytest.mark.parametrize("language", ["ko", "en", "maekrak"])
def test_templates_are_distinct_and_passages_long_enough(language: str) -> None:
    templates = read_templates(language)
    contexts = [context for template in templates.templates for context in (template.pos, template.neg)]
    assert len(templates.templates) >= 40 and len(set(contexts)) == len(contexts)
    assert len(templates.neutral) >= 3 and min(len(passage.split()) for passage in templates.neutral) >= 70


def write_pairs(folder: Path, rows: str) -> None:
    for split in ("train", "dev", "test"):
        (folder / f"{split}_paired.tsv").write_text("Sentiment\tText\tbatch_id\n" + (rows if split == "dev" else ""))


def test_counterfactual_pairs_are_read_by_their_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pairs(tmp_path, 'Negative\tSo bad.<br />Truly.\t7\nPositive\t"So ""good""."\t7\nPositive\tAlone.\t8\n')
    monkeypatch.setenv("HERE_DIR", str(tmp_path))
    (pair,) = read_counterfactual("HERE_DIR")
    assert (pair.pos, pair.neg) == ('So "good".', "So bad.<br />Truly.")
    assert read_counterfactual("NOT_SET_DIR") == []


def test_counterfactual_files_of_another_form_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE_DIR", str(tmp_path))
    with pytest.raises(UserError, match=r"train_paired.tsv: No such file"):
        read_counterfactual("HERE_DIR")
    (tmp_path / "train_paired.tsv").write_text("Label\tText\n1\tgood\n")
    with pytest.raises(UserError, match=r"train_paired.tsv: must have the columns Sentiment, Text, batch_id"):
        read_counterfactual("HERE_DIR")
    write_pairs(tmp_path, "Positive\tSo good.\t7\npos\tSo bad.\t7\n")
    with pytest.raises(UserError, match=r"dev_paired.tsv:3: Sentiment is 'pos', must be Positive or Negative"):
        read_counterfactual("HERE_DIR")
