"""The tables of evaluate: lengths, errors, pairs and phrases."""

from pathlib import Path

import numpy as np

from pipeline.artifact.tables import write_table
from pipeline.evidence.measures import PerModel
from pipeline.evidence.pairs import Pair
from pipeline.evidence.phrases import Phrase
from pipeline.evidence.probes import OcclusionEffect, excerpt, texts_by_phrase
from pipeline.text.reviews import Reviews


def write_lengths(path: Path, bounds: list[int], lengths: np.ndarray, right: PerModel) -> None:
    bucket_of = np.searchsorted(bounds, lengths, side="left")
    rows: list[list[object]] = []
    for bucket in np.unique(bucket_of):
        inside = bucket_of == bucket
        shown = f"<= {bounds[bucket]}" if bucket < len(bounds) else f"> {bounds[-1]}"
        rows.append([shown, int(inside.sum()), *(float(right[who][inside].mean()) for who in ("model", "baseline"))])
    write_table(path, ["pieces", "reviews", "accuracy", "baseline_accuracy"], rows)


def write_errors(path: Path, count: int, test: Reviews, on_test: PerModel) -> None:
    """The reviews that the network is most wrong about; how the baseline reads them stands beside."""
    wrongness = np.abs(on_test["model"] - test.labels)
    worst = [i for i in np.argsort(-wrongness, kind="stable")[:count] if wrongness[i] > 0.5]
    rows = [
        [int(test.labels[i]), float(on_test["model"][i]), float(on_test["baseline"][i]), test.texts[i]] for i in worst
    ]
    write_table(path, ["label", "positive", "baseline_positive", "text"], rows)


def write_pairs(path: Path, pairs: list[Pair], good: PerModel, bad: PerModel) -> None:
    readings = (good["model"], bad["model"], good["baseline"], bad["baseline"])
    rows = [[p.category, p.phrase, *(float(r[i]) for r in readings), p.pos, p.neg] for i, p in enumerate(pairs)]
    header = ["category", "phrase", "pos_positive", "neg_positive", "baseline_pos_positive", "baseline_neg_positive"]
    write_table(path, [*header, "pos", "neg"], rows)


def write_phrases(
    path: Path, phrases: list[Phrase], effects: dict[str, OcclusionEffect], held: list[list[Phrase]], right: PerModel
) -> None:
    rows, where = [], texts_by_phrase(held)
    for phrase in phrases:
        inside = where[phrase.text]
        shares = [float(right[who][inside].mean()) if inside else None for who in ("model", "baseline")]
        effect = effects[phrase.text]
        examples = [excerpt(text, phrase.text) for text in (effect.good, effect.bad)]
        rows.append([*phrase, effect.spread, len(inside), *shares, *examples])
    header = [*Phrase._fields, "spread", "test_reviews", "accuracy", "baseline_accuracy", "good", "bad"]
    header[0] = "phrase"
    write_table(path, header, rows)
