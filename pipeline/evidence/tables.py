"""The tables of evaluate: the evidence, and its items in lengths, errors, pairs, behaviour, phrases and distances."""

from itertools import chain
from pathlib import Path

import numpy as np

from pipeline.artifact.tables import write_table
from pipeline.evidence.behaviour import failed
from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement
from pipeline.evidence.metrics import INTERVALS, difference_interval
from pipeline.evidence.occlusion import OcclusionEffect
from pipeline.evidence.phrases import excerpt, texts_by_phrase
from pipeline.evidence.registry import MODELS, known_measure, metric_name

COLUMNS = [
    "measure",
    "count",
    *(f"{who}{end}" for who in (*MODELS, "gain") for end in ("", "_low", "_high")),
]
OF_BOTH = [metric_name("accuracy", who) for who in MODELS]


def write_evidence(path: Path, evidence: list[Measurement]) -> None:
    """Write all measures, a row each."""
    write_table(path, COLUMNS, [table_row(measurement) for measurement in evidence])


def table_row(measurement: Measurement) -> list[object]:
    """Return name, number of items, then mean and 95 % interval of the model, the baseline and the gain over it."""
    interval = INTERVALS[known_measure(measurement.name).kind]
    values = {who: of.astype(np.float64) for who, of in measurement.values.items()}
    shown = {who: (float(of.mean()), *interval(of)) for who, of in values.items()}
    if len(values) == len(MODELS):
        gain = values["model"] - values["baseline"]
        shown["gain"] = (float(gain.mean()), *difference_interval(gain))
    columns = chain.from_iterable(shown.get(who, (None, None, None)) for who in (*MODELS, "gain"))
    return [measurement.name, len(next(iter(values.values()))), *columns]


def write_distances(path: Path, distances: list[int], evidence: list[Measurement]) -> None:
    """Write consistency, with its interval, and ranking by distance, in pieces."""
    values = {measurement.name: measurement.values for measurement in evidence}
    rows = []
    for distance in distances:
        consistency, ranked = (values[f"distance_{distance}_{ending}"] for ending in ("consistency", "ranked"))
        _, count, mean, low, high, *_ = table_row(Measurement(f"distance_{distance}_consistency", consistency))
        others = [float(of.mean()) for of in (ranked["model"], consistency["baseline"], ranked["baseline"])]
        rows.append([distance, count, mean, low, high, *others])
    header = ["distance", "templates", "consistency", "low", "high", "ranked"]
    write_table(path, [*header, "baseline_consistency", "baseline_ranked"], rows)


def write_lengths(path: Path, context: EvaluationContext) -> None:
    """Write accuracy on test by the number of pieces."""
    bounds = context.config.length_buckets
    bucket_of = np.searchsorted(bounds, context.count_pieces(context.test.texts), side="left")
    rows: list[list[object]] = []
    for bucket in np.unique(bucket_of):
        inside = bucket_of == bucket
        shown = f"<= {bounds[bucket]}" if bucket < len(bounds) else f"> {bounds[-1]}"
        rows.append([shown, int(inside.sum()), *(float(context.correct[who][inside].mean()) for who in MODELS)])
    write_table(path, ["pieces", "reviews", *OF_BOTH], rows)


def write_errors(path: Path, context: EvaluationContext) -> None:
    """Write the reviews that the model is most wrong about, with what the baseline predicts beside."""
    test, on_test = context.test, context.on_test
    wrongness = np.abs(on_test["model"] - test.labels)
    order = np.argsort(-wrongness, kind="stable")[: context.config.worst_errors]
    rows = [
        [int(test.labels[i]), *(float(on_test[who][i]) for who in MODELS), test.texts[i]]
        for i in order
        if wrongness[i] > 0.5
    ]
    write_table(path, ["label", *(metric_name("positive", who) for who in MODELS), "text"], rows)


def write_pairs(path: Path, context: EvaluationContext) -> None:
    """Write the minimal pairs with the probability of positive of both members and of the phrase alone, by model."""
    positive = [of[who] for who in MODELS for of in (*context.on_pairs, context.on_phrases_alone)]
    rows = [
        [pair.category, pair.phrase, *(float(of[i]) for of in positive), pair.pos, pair.neg]
        for i, pair in enumerate(context.pairs)
    ]
    columns = [metric_name(f"{side}_positive", who) for who in MODELS for side in ("pos", "neg", "alone")]
    write_table(path, ["category", "phrase", *columns, "pos", "neg"], rows)


def write_behaviour(path: Path, context: EvaluationContext) -> None:
    """Write the cases of the behavioural suite, what each model gives them, and whether it fails."""
    after, before = context.on_cases
    failures = {who: failed(context.cases, after[who], before[who]) for who in MODELS}
    rows: list[list[object]] = []
    for i, case in enumerate(context.cases):
        of_both = [
            value
            for who in MODELS
            for value in (
                float(after[who][i]),
                float(before[who][i]) if case.before else None,
                int(failures[who][i]),
            )
        ]
        rows.append([case.kind, case.test, case.expected, *of_both, case.text, case.before])
    columns = [metric_name(column, who) for who in MODELS for column in ("positive", "positive_before", "failed")]
    write_table(path, ["kind", "test", "expected", *columns, "text", "before"], rows)


def write_phrases(path: Path, context: EvaluationContext, effects: dict[str, OcclusionEffect]) -> None:
    """Write the ambiguous phrases: what train says of them, their effect, and accuracy on test where they stand."""
    rows, texts = [], texts_by_phrase(context.phrases_per_text)
    for phrase in context.phrases:
        inside = texts[phrase.text]
        accuracies = [float(context.correct[who][inside].mean()) if inside else None for who in MODELS]
        effect = effects[phrase.text]
        examples = [excerpt(text, phrase.text) for text in (effect.good, effect.bad)]
        rows.append([*phrase, effect.spread, len(inside), *accuracies, *examples])
    known = ["phrase", "reviews", "positive", "low", "high", "neighbour_polarity"]
    write_table(path, [*known, "spread", "test_reviews", *OF_BOTH, "good", "bad"], rows)
