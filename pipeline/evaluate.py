"""evaluate: the network and the baseline on test, where context decides, and in controls, side by side."""

import re
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from sklearn.pipeline import Pipeline

from pipeline.baseline import baseline_positive, fit_baseline, fit_unigrams
from pipeline.batches import encode
from pipeline.config import EvaluateConfig, TrainConfig
from pipeline.controls import control_labels
from pipeline.counterfactual import read_counterfactual
from pipeline.errors import UserError
from pipeline.evaluation_figures import draw_calibration, draw_confusion, draw_phrases
from pipeline.evidence import (
    HEADER,
    ByReader,
    Effect,
    Measured,
    excerpt,
    holding,
    is_right,
    measure_categories,
    measure_distance,
    measure_order,
    measure_pairs,
    measure_slice,
    occlude,
    reordered,
    rows_of,
    shuffle_words,
    table_row,
)
from pipeline.frames import read_frames
from pipeline.fresh import fresh_process
from pipeline.manifest import read_manifest
from pipeline.metrics import classification_metrics, interval
from pipeline.model import load, positive
from pipeline.pairs import Pair, read_pairs
from pipeline.phrases import Phrase, mine_phrases
from pipeline.pieces import Pieces
from pipeline.reviews import Reviews, read_reviews, unlabelled_texts
from pipeline.tables import write_table


def evaluate(config: EvaluateConfig, ingest: Path, tokenize: Path, train: Path, out: Path) -> dict[str, float]:
    """Write `evidence.tsv` (its measures with their intervals), `distance.tsv`, `pairs.tsv`, `phrases.tsv`,
    `lengths.tsv`, `errors.tsv`, and `confusion.png`, `calibration.png` and, if there are phrases, `phrases.png`.

    Returns:
        Every measure of `classification_metrics` on test and every measure of the evidence, of the network and, with
        `baseline_` before the name, of the baseline; how many pairs were read, and left out for being in train; how
        many phrases were found, and reviews of test that hold one.

    Raises:
        UserError: if train holds a text of every pair.
    """
    splits = {split: read_reviews(ingest, split) for split in ("train", "dev", "test")}
    every_pair = read_pairs(config.pairs)
    pairs = unseen_pairs(every_pair, splits["train"].texts + unlabelled_texts(ingest))  # pretrain may read those
    if not pairs:
        raise UserError(f"evaluate.pairs: {config.pairs}: each of its pairs has a text of train; give others")
    # Mining holds one core alone, for as long as all that needs no phrases: they go side by side.
    with fresh_process() as beside:
        mined = beside.submit(mine_phrases, config.phrases, splits["train"])
        material = Material.of(config, splits, tokenize, train)
        test, on_test = material.test, material.read(material.test.texts)
        right = is_right(on_test, test.labels)
        shuffled = _measure_shuffled(material, right)
        found = _measure_found(config, material)
        distances = _measure_distances(config, material, out / "distance.tsv")
        phrases = mined.result()
    lengths = material.count_pieces(test.texts)
    _write_lengths(out / "lengths.tsv", config.length_buckets, lengths, right)
    _write_errors(out / "errors.tsv", config.worst_errors, test, on_test)
    draw_confusion(out / "confusion.png", test.labels, on_test)
    draw_calibration(out / "calibration.png", config.calibration_bins, test.labels, on_test)

    held = holding(test.texts, phrases)
    effects = occlude(phrases, material.train, material.read_by_model)
    _write_phrases(out / "phrases.tsv", phrases, effects, held, right)
    if phrases:
        draw_phrases(out / "phrases.png", phrases, effects)

    good, bad = material.read_members(pairs)
    _write_pairs(out / "pairs.tsv", pairs, good, bad)

    evidence = [
        Measured("test_accuracy", right),
        *measure_slice(test, right, held, material.read),
        *shuffled,
        *measure_pairs("pair", good, bad),
        *measure_categories(pairs, good, bad),
        *found,
        *distances,
        *_measure_controls(config, material),  # last: a new seed makes TensorFlow forget the tokenizer
    ]
    write_table(out / "evidence.tsv", HEADER, [table_row(measured) for measured in evidence])
    return {
        **_metrics(config, test.labels, on_test, evidence),
        "pairs": float(len(pairs)),
        "pairs_left_out": float(len(every_pair) - len(pairs)),
        "phrases": float(len(phrases)),
        "slice_reviews": float(sum(map(bool, held))),
    }


class Material(NamedTuple):
    """What is evaluated, and on what."""

    train: Reviews
    dev: Reviews
    test: Reviews
    pieces: Pieces
    trained: TrainConfig
    model: keras.Model
    baseline: Pipeline

    @classmethod
    def of(cls, config: EvaluateConfig, splits: dict[str, Reviews], tokenize: Path, train: Path) -> "Material":
        trained = TrainConfig.model_validate(read_manifest(train).config)
        baseline = fit_baseline(config.baseline, splits["train"])
        return cls(**splits, pieces=Pieces(tokenize), trained=trained, model=load(train), baseline=baseline)

    def read(self, texts: list[str]) -> ByReader:
        return {"model": self.read_by_model(texts), "baseline": baseline_positive(self.baseline, texts)}

    def read_by_model(self, texts: list[str]) -> np.ndarray:
        return positive(self.model, encode(self.pieces, texts, self.trained.longest))

    def read_members(self, pairs: list[Pair]) -> tuple[ByReader, ByReader]:
        return self.read([pair.pos for pair in pairs]), self.read([pair.neg for pair in pairs])

    def count_pieces(self, texts: list[str]) -> np.ndarray:
        counts: np.ndarray = self.pieces.encode(texts).row_lengths().numpy()
        return counts


def unseen_pairs(pairs: list[Pair], training_texts: list[str]) -> list[Pair]:
    """The pairs of which neither text is one to learn from, whatever its case, marks, tags and spaces."""
    seen = set(map(letters, training_texts))
    return [pair for pair in pairs if not {letters(pair.pos), letters(pair.neg)} & seen]


def rewritten(pairs: list[Pair], reviews: list[str]) -> Reviews:
    """The members of pairs whose other member, of the other label, is one of these reviews."""
    known = set(map(letters, reviews))
    found = [
        (text, label)
        for pair in pairs
        for text, original, label in ((pair.pos, pair.neg, 1), (pair.neg, pair.pos, 0))
        if letters(original) in known and letters(text) not in known
    ]
    return Reviews([text for text, _ in found], np.array([label for _, label in found], np.int8))


def letters(text: str) -> str:
    """What is left of a text for telling whether it is the same as another.

    >>> letters("So <br />GOOD!")
    'sogood'
    """
    return re.sub(r"[\W_]+", "", re.sub(r"<[^>]+>", "", text)).lower()


def _measure_shuffled(material: Material, right: ByReader) -> list[Measured]:
    """What order is worth, on test; and single words by TF-IDF beside it, to which it is worth nothing."""
    labels, shuffled = material.test.labels, shuffle_words(material.test.texts)
    unigrams = fit_unigrams(material.train)
    return [
        *measure_order(right, is_right(material.read(shuffled), labels)),
        *(
            Measured(f"unigram_{name}", {"baseline": (baseline_positive(unigrams, texts) >= 0.5) == labels})
            for name, texts in (("test_accuracy", material.test.texts), ("shuffled_accuracy", shuffled))
        ),
    ]


def _measure_found(config: EvaluateConfig, material: Material) -> list[Measured]:
    """Pairs of test reviews in the same words; and, where they are given, reviews of train and dev that were rewritten
    to mean the opposite. Who has only learnt what the original was takes the rewritten one for the same."""
    pairs = reordered(material.test)
    evidence = measure_pairs("reordered", *material.read_members(pairs)) if pairs else []
    if config.counterfactual:
        known = material.train.texts + material.dev.texts
        texts, labels = rewritten(read_counterfactual(config.counterfactual), known)
        if texts:
            evidence.append(Measured("counterfactual_accuracy", is_right(material.read(texts), labels)))
    return evidence


def _measure_distances(config: EvaluateConfig, material: Material, path: Path) -> list[Measured]:
    frames, rows = read_frames(config.frames), []
    evidence: list[Measured] = []
    for distance in config.distances:
        measured = measure_distance(frames, distance, material.count_pieces, material.read)
        consistency, ranked = (one.values for one in measured)
        means = [float(of.mean()) for of in (ranked["model"], consistency["baseline"], ranked["baseline"])]
        own = consistency["model"]
        rows.append([distance, len(own), float(own.mean()), *interval(own), *means])
        evidence += measured
    header = ["distance", "frames", "consistency", "low", "high", "ranked", "baseline_consistency", "baseline_ranked"]
    write_table(path, header, rows)
    return evidence


def _measure_controls(config: EvaluateConfig, material: Material) -> list[Measured]:
    if not config.control_pieces:
        return []
    right = control_labels(material.trained, material.pieces, material.train, material.dev, config.control_pieces)
    return [Measured(f"control_{labels}_labels_accuracy", {"model": of_dev}) for labels, of_dev in right.items()]


def _metrics(
    config: EvaluateConfig, labels: np.ndarray, on_test: ByReader, evidence: list[Measured]
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for who, prefix in (("model", ""), ("baseline", "baseline_")):
        measured = classification_metrics(labels, on_test[who], config.calibration_bins)
        metrics |= {f"{prefix}test_{name}": value for name, value in measured.items()}
        metrics |= {f"{prefix}{name}": float(of[who].mean()) for name, of, _ in evidence if who in of}
    return metrics


def _write_lengths(path: Path, bounds: list[int], lengths: np.ndarray, right: ByReader) -> None:
    bucket_of = np.searchsorted(bounds, lengths, side="left")
    rows: list[list[object]] = []
    for bucket in np.unique(bucket_of):
        inside = bucket_of == bucket
        shown = f"<= {bounds[bucket]}" if bucket < len(bounds) else f"> {bounds[-1]}"
        rows.append([shown, int(inside.sum()), *(float(right[who][inside].mean()) for who in ("model", "baseline"))])
    write_table(path, ["pieces", "reviews", "accuracy", "baseline_accuracy"], rows)


def _write_errors(path: Path, count: int, test: Reviews, on_test: ByReader) -> None:
    """The reviews that the network is most wrong about; how the baseline reads them stands beside."""
    wrongness = np.abs(on_test["model"] - test.labels)
    worst = [i for i in np.argsort(-wrongness, kind="stable")[:count] if wrongness[i] > 0.5]
    rows = [
        [int(test.labels[i]), float(on_test["model"][i]), float(on_test["baseline"][i]), test.texts[i]] for i in worst
    ]
    write_table(path, ["label", "positive", "baseline_positive", "text"], rows)


def _write_pairs(path: Path, pairs: list[Pair], good: ByReader, bad: ByReader) -> None:
    readings = (good["model"], bad["model"], good["baseline"], bad["baseline"])
    rows = [[p.category, p.phrase, *(float(r[i]) for r in readings), p.pos, p.neg] for i, p in enumerate(pairs)]
    header = ["category", "phrase", "pos_positive", "neg_positive", "baseline_pos_positive", "baseline_neg_positive"]
    write_table(path, [*header, "pos", "neg"], rows)


def _write_phrases(
    path: Path, phrases: list[Phrase], effects: dict[str, Effect], held: list[list[Phrase]], right: ByReader
) -> None:
    rows, where = [], rows_of(held)
    for phrase in phrases:
        inside = where[phrase.text]
        shares = [float(right[who][inside].mean()) if inside else None for who in ("model", "baseline")]
        effect = effects[phrase.text]
        examples = [excerpt(text, phrase.text) for text in (effect.good, effect.bad)]
        rows.append([*phrase, effect.spread, len(inside), *shares, *examples])
    header = [*Phrase._fields, "spread", "test_reviews", "accuracy", "baseline_accuracy", "good", "bad"]
    header[0] = "phrase"
    write_table(path, header, rows)
