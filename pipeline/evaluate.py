"""evaluate: the model and the baseline on test, where context decides, and in controls, side by side."""

from pathlib import Path

from pipeline.config.schema import EvaluateConfig
from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.figures import draw_calibration, draw_confusion, draw_phrases
from pipeline.evidence.measurement import Measurement
from pipeline.evidence.metrics import classification_metrics
from pipeline.evidence.mining import mine_phrases
from pipeline.evidence.occlusion import occlude
from pipeline.evidence.pairs import read_pairs, unseen_pairs
from pipeline.evidence.registry import MODELS, measure_functions, metric_name, position
from pipeline.evidence.tables import (
    write_behaviour,
    write_distances,
    write_errors,
    write_evidence,
    write_lengths,
    write_pairs,
    write_phrases,
)
from pipeline.support.errors import UserError
from pipeline.support.spawned_process import spawned_process
from pipeline.text.reviews import read_reviews, unlabelled_texts


def evaluate(config: EvaluateConfig, ingest: Path, tokenize: Path, train: Path, out: Path) -> dict[str, float]:
    """Write `evidence.tsv` (all measures with their intervals), `distance.tsv`, `pairs.tsv`, `behaviour.tsv`,
    `phrases.tsv`, `lengths.tsv`, `errors.tsv`, and `confusion.png`, `calibration.png` and, if there are phrases,
    `phrases.png`.

    Returns:
        Every metric of `classification_metrics` on test and every measure of the evidence, of the model and, with
        `baseline_` before the name, of the baseline; how many pairs were read, and left out for being in train; how
        many phrases were found, and reviews of test that hold one.

    Raises:
        UserError: if train holds a text of every pair, or a measure is not in the registry.
    """
    splits = {split: read_reviews(ingest, split) for split in ("train", "dev", "test")}
    every_pair = read_pairs(config.pairs)
    pairs = unseen_pairs(every_pair, splits["train"].texts + unlabelled_texts(ingest))  # pretrain may read those
    if not pairs:
        raise UserError(f"evaluate.pairs: {config.pairs}: each of its pairs has a text of train; give others")

    functions = measure_functions()
    with spawned_process() as beside:  # mining holds one core alone: the first to ask for phrases awaits it
        mined = beside.submit(mine_phrases, config.phrases, splits["train"])
        context = EvaluationContext.load(config, splits, pairs, mined.result, tokenize, train)
        evidence = [measurement for measure in functions for measurement in measure(context)]
    evidence.sort(key=lambda measurement: position(measurement.name))

    write_evidence(out / "evidence.tsv", evidence)
    write_distances(out / "distance.tsv", config.distances, evidence)
    write_pairs(out / "pairs.tsv", context)
    write_behaviour(out / "behaviour.tsv", context)
    write_lengths(out / "lengths.tsv", context)
    write_errors(out / "errors.tsv", context)
    draw_confusion(out / "confusion.png", context.test.labels, context.on_test)
    draw_calibration(out / "calibration.png", config.calibration_bins, context.test.labels, context.on_test)
    effects = occlude(context.phrases, context.train, context.predict_by_model, config.phrases.occluded_reviews)
    write_phrases(out / "phrases.tsv", context, effects)
    if context.phrases:
        draw_phrases(out / "phrases.png", context.phrases, effects)
    return {
        **_metrics(context, evidence),
        "pairs": float(len(pairs)),
        "pairs_left_out": float(len(every_pair) - len(pairs)),
        "phrases": float(len(context.phrases)),
        "slice_reviews": float(sum(map(bool, context.phrases_per_text))),
    }


def _metrics(context: EvaluationContext, evidence: list[Measurement]) -> dict[str, float]:
    """Return the metrics of both models by their names in manifests and MLflow."""
    metrics: dict[str, float] = {}
    for who in MODELS:
        of_test = classification_metrics(context.test.labels, context.on_test[who], context.config.calibration_bins)
        metrics |= {metric_name(f"test_{name}", who): value for name, value in of_test.items()}
        metrics |= {metric_name(name, who): float(of[who].mean()) for name, of in evidence if who in of}
    return metrics
