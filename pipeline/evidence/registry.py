"""The one registry of measures: what each is called, how sure its mean is, and where it is shown.

The report, the model card, the summary and `make compare` read it, and it is their order. A measure of your own is a
file in `pipeline/evidence/measures/` and its lines here: see "Your own measure" in `pipeline/README.md`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipeline.support.errors import UserError

if TYPE_CHECKING:
    from pipeline.evidence.context import EvaluationContext
    from pipeline.evidence.measurement import Measurement

MODELS = ("model", "baseline")  # who is measured, side by side: the network with its n-grams, and TF-IDF


class Title(NamedTuple):
    en: str
    ko: str


@dataclass(frozen=True)
class Measure:
    """What a measure is called, and where it is shown.

    Attributes:
        kind: decides the interval, and how it is written. A "share" is a mean of items that are correct or not, or
            correct in part, a "difference" one of two shares, item by item. A "score", the more the better, and a
            "loss", the less the better, are of any other values; of all of test at once they have no interval.
        title: where it begins with "…" it goes on from the title before it; the {} of a family stands for a member.
        members: titles of the members of a family; one that has none goes by its own name.
        group: the table of the report in which it stands: the main one, or that of distances, of kinds of pairs or of
            the behavioural suite.
        headline: shown large at the top of the report, and of both models in `make compare`.
        card, summary: shown in the model card; in the summary that ends `make all`.
        column: its heading in `make compare`, where it has one.
    """

    kind: Literal["share", "difference", "score", "loss"]
    title: Title
    members: dict[str, Title] = field(default_factory=dict)
    group: Literal["main", "distance", "pairs", "behaviour"] = "main"
    headline: bool = False
    card: bool = False
    summary: bool = False
    column: str = ""


CATEGORIES = {
    "lexical": Title("two meanings", "두 가지 뜻"),
    "negation": Title("negation", "부정"),
    "contrast": Title("contrast", "대조"),
    "order": Title("word order", "어순"),
    "comparison": Title("comparison", "비교"),
    "irony": Title("irony", "반어"),
    "intensifier": Title("strong words", "강조"),
    "distance": Title("distance", "먼 맥락"),
}

# The tests of pipeline/evidence/behaviour, in their order.
BEHAVIOURS = {
    "vocabulary": Title("vocabulary", "평가하는 말"),
    "negation": Title("negation", "부정"),
    "double_negation": Title("double negation", "이중 부정"),
    "contrast": Title("contrast", "대조"),
    "opinions_of_others": Title("opinions of others", "남의 의견"),
    "change_over_time": Title("change over time", "달라진 생각"),
    "comparison": Title("comparison", "비교"),
    "names": Title("another name", "다른 이름"),
    "neutral_clauses": Title("neutral clauses added", "중립적인 말을 덧붙임"),
    "typos": Title("a typo", "오타"),
    "spacing": Title("spaces left out", "띄어쓰기"),
    "emoticons": Title("emoticons added", "이모티콘을 덧붙임"),
    "added_praise": Title("praise added", "칭찬을 덧붙임"),
    "added_blame": Title("blame added", "불평을 덧붙임"),
}

# By its name, or by that of a family with {} for its members.
MEASURES = {
    "test_accuracy": Measure(
        "share",
        Title("Accuracy on test", "test 정확도"),
        headline=True,
        card=True,
        summary=True,
        column="test",
    ),
    "test_balanced_accuracy": Measure("score", Title("Balanced accuracy on test", "test 균형 정확도"), card=True),
    "test_f1": Measure("score", Title("F1 on test", "test F1"), card=True),
    "test_roc_auc": Measure("score", Title("ROC AUC on test", "test ROC AUC"), card=True),
    "test_log_loss": Measure("loss", Title("Log loss on test", "test 로그 손실"), card=True),
    "test_calibration_error": Measure(
        "loss", Title("Expected calibration error on test", "test 기대 보정 오차"), card=True
    ),
    "slice_accuracy": Measure(
        "share",
        Title("Accuracy on reviews with an ambiguous phrase", "모호한 표현이 든 리뷰의 정확도"),
        card=True,
        summary=True,
        column="ambiguous",
    ),
    "slice_alone_accuracy": Measure(
        "share", Title("… given the phrase alone, no context", "… 맥락 없이 그 표현만 주었을 때")
    ),
    "slice_context_gain": Measure("difference", Title("… what context adds", "… 맥락 덕분에 오른 만큼")),
    "shuffled_accuracy": Measure(
        "share", Title("Accuracy with the words shuffled", "어절 순서를 섞었을 때의 정확도"), card=True, summary=True
    ),
    "shuffled_drop": Measure("difference", Title("… what shuffling costs", "… 순서를 섞어서 떨어진 만큼")),
    "unigram_test_accuracy": Measure(
        "share", Title("Baseline of single words, on test", "낱말을 하나씩만 보는 베이스라인, test")
    ),
    "unigram_shuffled_accuracy": Measure("share", Title("… with the words shuffled", "… 어절 순서를 섞었을 때")),
    "pair_consistency": Measure(
        "share",
        Title("Minimal pairs, both members right", "최소쌍: 둘 다 맞힘"),
        headline=True,
        card=True,
        summary=True,
        column="pairs",
    ),
    "pair_ranked": Measure(
        "share",
        Title("… in the right order", "… 좋은 쪽의 확률이 더 높음"),
        card=True,
        summary=True,
        column="ranked",
    ),
    "pair_{}_consistency": Measure("share", Title("{}, both right", "{}, 둘 다 맞힘"), CATEGORIES, "pairs"),
    "pair_{}_ranked": Measure(
        "share", Title("{}, in the right order", "{}, 좋은 쪽의 확률이 더 높음"), CATEGORIES, "pairs"
    ),
    "behaviour_functionality_failure": Measure(
        "share",
        Title("Behaviour: cases of one right answer, failed", "행동 검사: 답이 하나인 경우에 틀림"),
        group="behaviour",
        card=True,
    ),
    "behaviour_invariance_failure": Measure(
        "share",
        Title("Behaviour: turned by what should change nothing", "행동 검사: 바뀌지 않아야 할 판단이 바뀜"),
        group="behaviour",
        card=True,
    ),
    "behaviour_direction_failure": Measure(
        "share",
        Title("Behaviour: praise or blame added, moved the wrong way", "행동 검사: 덧붙인 말과 반대쪽으로 움직임"),
        group="behaviour",
        card=True,
    ),
    "behaviour_{}_failure": Measure("share", Title("{}, failed", "{}, 실패"), BEHAVIOURS, "behaviour"),
    "reordered_consistency": Measure(
        "share", Title("The same words in another order, both right", "같은 낱말, 다른 순서: 둘 다 맞힘")
    ),
    "reordered_ranked": Measure("share", Title("… the good one above the bad one", "… 좋은 쪽의 확률이 더 높음")),
    "counterfactual_accuracy": Measure(
        "share",
        Title(
            "Accuracy on reviews of train and dev, rewritten to mean the opposite",
            "train과 dev의 리뷰를 반대 뜻으로 고쳐 쓴 글의 정확도",
        ),
    ),
    "distance_{}_consistency": Measure("share", Title("d = {}, both right", "d = {}, 둘 다 맞힘"), group="distance"),
    "distance_{}_ranked": Measure(
        "share", Title("d = {}, in the right order", "d = {}, 좋은 쪽의 확률이 더 높음"), group="distance"
    ),
    "control_true_labels_accuracy": Measure(
        "share", Title("Control: a short training, accuracy on dev", "대조 실험: 짧게 학습했을 때의 dev 정확도")
    ),
    "control_shuffled_labels_accuracy": Measure(
        "share",
        Title(
            "… the same on shuffled labels: near guessing",
            "… 레이블을 뒤섞어 같은 만큼 학습했을 때: 찍는 것과 비슷해야 한다",
        ),
    ),
}


def metric_name(measure: str, who: str) -> str:
    """Return the name of a model's metric: in manifests and MLflow the baseline's begins with `baseline_`.

    >>> metric_name("test_accuracy", "model"), metric_name("test_accuracy", "baseline")
    ('test_accuracy', 'baseline_test_accuracy')
    """
    return measure if who == "model" else f"{who}_{measure}"


def measure_functions() -> "list[Callable[[EvaluationContext], list[Measurement]]]":
    """Return what evaluate runs, in this order: what needs the mined phrases comes late, while they are mined.

    The imports stand here because who only reads titles needs no TensorFlow, which takes seconds to import.
    """
    from pipeline.evidence.measures import (
        accuracy,
        ambiguous_phrases,
        behaviour,
        counterfactuals,
        distance,
        minimal_pairs,
        random_label_control,
        same_words,
        word_order,
    )

    modules = (
        accuracy,
        word_order,
        same_words,
        counterfactuals,
        behaviour,
        distance,
        minimal_pairs,
        ambiguous_phrases,
        random_label_control,
    )
    return [module.measure for module in modules]


def find_measure(name: str) -> Measure | None:
    """Return the measure of that name, the title of a family's member filled in, or None if there is none.

    >>> find_measure("pair_order_ranked").title.en, find_measure("distance_20_consistency").title.en
    ('word order, in the right order', 'd = 20, both right')
    >>> find_measure("of_another_version") is None
    True
    """
    pattern, member = _pattern(name)
    if pattern is None:
        return None
    measure = MEASURES[pattern]
    of = measure.members.get(member, Title(member, member))
    return replace(measure, title=Title(measure.title.en.format(of.en), measure.title.ko.format(of.ko)))


def known_measure(name: str) -> Measure:
    """Return the measure of that name.

    Raises:
        UserError: if there is none.
    """
    measure = find_measure(name)
    if measure is None:
        raise UserError(f"evaluate: {name} has no line in MEASURES of pipeline/evidence/registry.py; give it one")
    return measure


def position(name: str) -> int:
    """Return where a measure stands among all, the last place if it is none of them; relatives share one.

    >>> position("pair_order_consistency") == position("pair_order_ranked") > position("pair_ranked")
    True
    """
    pattern, _ = _pattern(name)
    if pattern is None:
        return len(MEASURES)
    stem, braces, _ = pattern.partition("{}")
    return next(
        n for n, other in enumerate(MEASURES) if other == pattern or (braces and other.startswith(stem + braces))
    )


def shown_in(place: Literal["card", "summary", "headline", "column"]) -> Iterator[tuple[str, Measure]]:
    """Yield the measures that are shown in a place, by name."""
    return ((name, measure) for name, measure in MEASURES.items() if getattr(measure, place))


def _pattern(name: str) -> tuple[str | None, str]:
    """Return the key of MEASURES under which a measure stands, and which member of a family it is."""
    if name in MEASURES and "{}" not in name:
        return name, ""
    for pattern in MEASURES:
        if "{}" in pattern and (found := re.fullmatch(pattern.replace("{}", "(.+)"), name)):
            return pattern, found[1]
    return None, ""
