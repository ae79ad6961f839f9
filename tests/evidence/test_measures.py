"""Each measure says what it is called, on models whose answers are known."""

import random
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.schema import Config
from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.counterfactual import read_counterfactual
from pipeline.evidence.measures import (
    accuracy,
    ambiguous_phrases,
    counterfactuals,
    distance,
    minimal_pairs,
    random_label_control,
    same_words,
    word_order,
)
from pipeline.evidence.pairs import Pair, unseen_pairs
from pipeline.evidence.templates import Template, Templates, last_words, read_templates
from pipeline.support.errors import UserError
from pipeline.text.reviews import Reviews, read_reviews
from tests.evidence.small_context import TEST, small_context


def test_accuracy_is_of_test() -> None:
    (measurement,) = accuracy.measure(small_context())
    assert measurement.name == "test_accuracy"
    assert measurement.values["model"].tolist() == [True, True, True, True]
    assert measurement.values["baseline"].tolist() == [True, False, False, True]


def test_context_gain_is_what_the_phrase_alone_lacks() -> None:
    whole, alone, gain = ambiguous_phrases.measure(small_context())
    assert whole.values["model"].tolist() == [True, True, True]
    assert alone.values["model"].tolist() == [False, True, False]  # without its context each is taken for bad
    assert gain.values["model"].tolist() == [1, 0, 1]
    assert alone.values["baseline"].tolist() == [True, False, False] == whole.values["baseline"].tolist()
    assert gain.values["baseline"].tolist() == [0, 0, 0]


def test_without_phrases_there_is_no_slice() -> None:
    assert ambiguous_phrases.measure(small_context(phrases=[])) == []


def test_shuffling_keeps_the_words() -> None:
    texts = ["하나 둘 셋 넷 다섯 여섯 일곱", "하나", ""]
    shuffled = word_order.shuffle_words(texts)
    assert shuffled == word_order.shuffle_words(texts)
    assert shuffled != texts
    assert [sorted(text.split()) for text in shuffled] == [sorted(text.split()) for text in texts]


def test_order_costs_nothing_where_words_alone_decide() -> None:
    shuffled, drop, *unigrams = word_order.measure(small_context(train=TEST))
    assert shuffled.values["model"].tolist() == [True, True, True, True]
    assert drop.values["model"].tolist() == [0, 0, 0, 0]
    assert [list(unigram.values) for unigram in unigrams] == [["baseline"], ["baseline"]]
    assert unigrams[0].values["baseline"].tolist() == unigrams[1].values["baseline"].tolist()


def test_pairs_are_measured_together_and_by_category() -> None:
    pairs = [
        Pair("order", "죽인다", "연기가 죽인다", "시간만 죽인다"),
        Pair("irony", "죽인다", "연기가 죽인다", "연기만 죽인다"),
    ]
    of = {measurement.name: measurement.values for measurement in minimal_pairs.measure(small_context(pairs=pairs))}
    assert list(of) == [
        *("pair_consistency", "pair_ranked", "pair_irony_consistency", "pair_irony_ranked"),
        *("pair_order_consistency", "pair_order_ranked"),
    ]
    assert of["pair_consistency"]["model"].tolist() == [True, False]
    assert of["pair_order_consistency"]["model"].tolist() == [True]
    assert of["pair_irony_ranked"]["model"].tolist() == [False]
    assert not of["pair_ranked"]["baseline"].any()


def test_a_pair_that_train_holds_is_left_out() -> None:
    known = Pair("lexical", "죽인다", pos="연기가  죽인다!", neg="시간만 죽인다")
    new = Pair("lexical", "죽인다", pos="음악이 죽인다", neg="기분만 죽인다")
    tagged = Pair("lexical", "riot", pos="A riot. Really!", neg="A riot. <br />Hardly.")
    assert unseen_pairs([known, new, tagged], ["연기가 죽인다", "A riot.<br /><br />Really!"]) == [new]


def test_same_words_pairs_share_all_words_but_not_the_label() -> None:
    texts = ["연기는 좋고 음악은 별로", "음악은 좋고 연기는 별로", "좋다 정말", "정말 좋다", "별로", "별로"]
    reviews = Reviews(texts, np.array([1, 0, 1, 1, 0, 1], np.int8))
    (pair,) = same_words.same_words_pairs(reviews)
    assert (pair.pos, pair.neg) == (texts[0], texts[1])
    consistency, ranked = same_words.measure(small_context(test=reviews))
    assert (consistency.name, ranked.name) == ("reordered_consistency", "reordered_ranked")
    assert not consistency.values["model"].any() and not ranked.values["model"].any()
    assert same_words.measure(small_context()) == []


def test_distance_is_a_mean_over_passages() -> None:
    context = small_context()
    templates = Templates(
        ["그날 연기 없이", "그날 그냥 또"], [Template("죽인다", "연기", "시간"), Template("죽인다", "시간", "시간")]
    )
    consistency, _ = distance.measure_distance(templates, 3, context.count_pieces, context.predict)
    assert consistency.name == "distance_3_consistency"
    assert consistency.values["model"].tolist() == [0.5, 0.0]  # the passage that speaks of 연기 misleads


def test_a_distance_longer_than_a_passage_is_refused() -> None:
    context, templates = small_context(), Templates(["그날 그냥"], [Template("죽인다", "연기", "시간")])
    with pytest.raises(UserError, match=r"distances: 3: the neutral passages of .* have 2 pieces"):
        distance.measure_distance(templates, 3, context.count_pieces, context.predict)


def test_what_stands_between_is_at_most_the_distance() -> None:
    def two_pieces_each(words: list[str]) -> np.ndarray:
        return np.full(len(words), 2)

    assert last_words("하나 둘 셋", 5, two_pieces_each) == ["둘", "셋"]
    assert last_words("하나 둘 셋", 0, two_pieces_each) == []
    assert last_words("하나 둘 셋", 99, two_pieces_each) == ["하나", "둘", "셋"]


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


def test_rewritten_reviews_are_those_whose_original_is_known() -> None:
    pairs = [
        Pair("counterfactual", "", pos="So good.", neg="So <br />bad."),
        Pair("counterfactual", "", pos="Lovely.", neg="Ugly."),
        Pair("counterfactual", "", pos="Unknown.", neg="Unheard."),
    ]
    texts, labels = counterfactuals.counterfactuals(pairs, ["So bad.", "lovely"])
    assert (texts, labels.tolist()) == (["So good.", "Ugly."], [1, 0])


def test_rewritten_reviews_are_measured_where_they_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pairs(tmp_path, "Positive\t연기가 좋다\t1\nNegative\t연기가 나쁘다\t1\n")
    monkeypatch.setenv("HERE_DIR", str(tmp_path))
    config = small_context().config.model_copy(update={"counterfactual": "HERE_DIR"})
    train = Reviews(["연기가 좋다"], np.array([1], np.int8))
    (measurement,) = counterfactuals.measure(small_context(config=config, train=train))
    assert measurement.values["model"].tolist() == [False]  # 연기 is all that it goes by
    assert measurement.values["baseline"].tolist() == [True]
    assert counterfactuals.measure(small_context(train=train)) == []


@pytest.fixture
def trained_context(
    config: Config, ingest_folder: Path, tokenize_folder: Path, train_folder: Path
) -> EvaluationContext:
    splits = {split: read_reviews(ingest_folder, split) for split in ("train", "dev", "test")}
    return EvaluationContext.load(config.evaluate, splits, [], list, tokenize_folder, train_folder)


@pytest.mark.slow
def test_the_control_restores_what_it_disturbs(trained_context: EvaluationContext) -> None:
    texts = trained_context.test.texts[:5]
    random.seed(7)
    np.random.seed(7)
    before = trained_context.predict(texts)["model"]
    expected = random.random(), np.random.rand()
    random.seed(7)
    np.random.seed(7)
    true, shuffled = random_label_control.measure(trained_context)
    assert (random.random(), np.random.rand()) == expected
    np.testing.assert_array_equal(trained_context.predict(texts)["model"], before)  # with the tokenizer of before
    assert (true.name, shuffled.name) == ("control_true_labels_accuracy", "control_shuffled_labels_accuracy")
    assert true.values["model"].mean() > 0.7 and shuffled.values["model"].mean() < 0.6


def test_no_pieces_are_no_control() -> None:
    assert random_label_control.measure(small_context()) == []  # maekrak's has none
