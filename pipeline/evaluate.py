"""evaluate: the network and the baseline on test, where context decides, and in controls, side by side."""

from pathlib import Path

import numpy as np

from pipeline.artifact.tables import write_table
from pipeline.config.schema import EvaluateConfig
from pipeline.evidence.baseline import baseline_positive, fit_unigrams
from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.counterfactual import read_counterfactual
from pipeline.evidence.figures import draw_calibration, draw_confusion, draw_phrases
from pipeline.evidence.measures import (
    HEADER,
    Measurement,
    PerModel,
    is_correct,
    measure_categories,
    measure_distance,
    measure_order,
    measure_pairs,
    measure_slice,
    table_row,
)
from pipeline.evidence.metrics import classification_metrics, interval
from pipeline.evidence.mining import mine_phrases
from pipeline.evidence.pairs import read_pairs
from pipeline.evidence.probes import (
    counterfactuals,
    occlude,
    phrases_per_text,
    same_words_pairs,
    shuffle_words,
    unseen_pairs,
)
from pipeline.evidence.random_label_control import control_labels
from pipeline.evidence.tables import write_errors, write_lengths, write_pairs, write_phrases
from pipeline.evidence.templates import read_templates
from pipeline.support.errors import UserError
from pipeline.support.spawned_process import spawned_process
from pipeline.text.reviews import read_reviews, unlabelled_texts


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
    with spawned_process() as beside:
        mined = beside.submit(mine_phrases, config.phrases, splits["train"])
        material = EvaluationContext.of(config, splits, tokenize, train)
        test, on_test = material.test, material.read(material.test.texts)
        right = is_correct(on_test, test.labels)
        shuffled = _measure_shuffled(material, right)
        found = _measure_found(config, material)
        distances = _measure_distances(config, material, out / "distance.tsv")
        phrases = mined.result()
    lengths = material.count_pieces(test.texts)
    write_lengths(out / "lengths.tsv", config.length_buckets, lengths, right)
    write_errors(out / "errors.tsv", config.worst_errors, test, on_test)
    draw_confusion(out / "confusion.png", test.labels, on_test)
    draw_calibration(out / "calibration.png", config.calibration_bins, test.labels, on_test)

    held = phrases_per_text(test.texts, phrases)
    effects = occlude(phrases, material.train, material.read_by_model)
    write_phrases(out / "phrases.tsv", phrases, effects, held, right)
    if phrases:
        draw_phrases(out / "phrases.png", phrases, effects)

    good, bad = material.read_members(pairs)
    write_pairs(out / "pairs.tsv", pairs, good, bad)

    evidence = [
        Measurement("test_accuracy", right),
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


def _measure_shuffled(material: EvaluationContext, right: PerModel) -> list[Measurement]:
    """What order is worth, on test; and single words by TF-IDF beside it, to which it is worth nothing."""
    labels, shuffled = material.test.labels, shuffle_words(material.test.texts)
    unigrams = fit_unigrams(material.train)
    return [
        *measure_order(right, is_correct(material.read(shuffled), labels)),
        *(
            Measurement(f"unigram_{name}", {"baseline": (baseline_positive(unigrams, texts) >= 0.5) == labels})
            for name, texts in (("test_accuracy", material.test.texts), ("shuffled_accuracy", shuffled))
        ),
    ]


def _measure_found(config: EvaluateConfig, material: EvaluationContext) -> list[Measurement]:
    """Pairs of test reviews in the same words; and, where they are given, reviews of train and dev that were rewritten
    to mean the opposite. Who has only learnt what the original was takes the rewritten one for the same."""
    pairs = same_words_pairs(material.test)
    evidence = measure_pairs("reordered", *material.read_members(pairs)) if pairs else []
    if config.counterfactual:
        known = material.train.texts + material.dev.texts
        texts, labels = counterfactuals(read_counterfactual(config.counterfactual), known)
        if texts:
            evidence.append(Measurement("counterfactual_accuracy", is_correct(material.read(texts), labels)))
    return evidence


def _measure_distances(config: EvaluateConfig, material: EvaluationContext, path: Path) -> list[Measurement]:
    frames, rows = read_templates(config.templates), []
    evidence: list[Measurement] = []
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


def _measure_controls(config: EvaluateConfig, material: EvaluationContext) -> list[Measurement]:
    if not config.control_pieces:
        return []
    right = control_labels(material.trained, material.pieces, material.train, material.dev, config.control_pieces)
    return [Measurement(f"control_{labels}_labels_accuracy", {"model": of_dev}) for labels, of_dev in right.items()]


def _metrics(
    config: EvaluateConfig, labels: np.ndarray, on_test: PerModel, evidence: list[Measurement]
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for who, prefix in (("model", ""), ("baseline", "baseline_")):
        measured = classification_metrics(labels, on_test[who], config.calibration_bins)
        metrics |= {f"{prefix}test_{name}": value for name, value in measured.items()}
        metrics |= {f"{prefix}{name}": float(of[who].mean()) for name, of, _ in evidence if who in of}
    return metrics
