"""ingest: a data set, whatever its source, as clean splits: no text in two of them, and none twice but in test."""

import hashlib
import json
import shutil
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from pipeline.artifact.files import PACKAGE, sha256
from pipeline.config.schema import IngestConfig
from pipeline.datasets.local import local_sources
from pipeline.datasets.prepare import prepare
from pipeline.support.errors import UserError
from pipeline.text.reviews import normalize, write_reviews

Labelled = list[tuple[str, int]]


def ingest(config: IngestConfig, out: Path) -> dict[str, float]:
    """Write `<split>.parquet` for train, dev, test and, where there is one, unsupervised; and `report.json`.

    Test is kept whole but for empty texts, so that results compare with those of others. What train repeats of
    itself or of test is dropped, and so is what unsupervised repeats of any other split.

    Returns:
        The number of reviews of each split and how many were dropped, by reason.
    """
    scratch = out / "scratch"
    builder = prepare(config.dataset, scratch)

    seen: set[str] = set()
    dropped: Counter[str] = Counter(empty=0, in_another_split=0, repeated=0)
    test = _read(builder, "test", dropped)
    of_test = {normalize(text) for text, _ in test}
    train = _drop_seen(_read(builder, "train", dropped), of_test, seen, dropped)
    splits = {
        "train": [(text, label) for text, label in train if not in_dev(text, config.dev_fraction)],
        "dev": [(text, label) for text, label in train if in_dev(text, config.dev_fraction)],
        "test": test,
    }
    if "unsupervised" in builder.info.splits:
        splits["unsupervised"] = _drop_seen(_read(builder, "unsupervised", dropped), of_test | seen, set(), dropped)

    for name in ("train", "dev", "test"):
        labels = {label for _, label in splits[name]}
        if other := labels - {0, 1}:
            raise UserError(f"{config.dataset}: {name} holds the label {min(other)}; allowed: 0 (bad) and 1 (good)")
        if lacking := {0, 1} - labels:
            raise UserError(
                f"{config.dataset}: of {len(splits[name])} reviews in {name} none has label {min(lacking)}; each of "
                "train, dev and test must hold both: give more data, or another ingest.dev_fraction"
            )
    for name, reviews in splits.items():
        write_reviews(out / f"{name}.parquet", reviews)
    report = _report(config.dataset, builder, splits, dropped)
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    shutil.rmtree(scratch, ignore_errors=True)
    return {f"{name}_reviews": float(len(reviews)) for name, reviews in splits.items()} | {
        f"dropped_{why}": float(count) for why, count in dropped.items()
    }


def in_dev(text: str, share: float) -> bool:
    """Whether a text of train belongs to dev: the same answer on every machine, in any order, for any spacing."""
    return int.from_bytes(hashlib.sha256(normalize(text).encode()).digest()[:8]) < share * 2**64


def _read(builder: tfds.core.DatasetBuilder, split: str, dropped: Counter[str]) -> Labelled:
    # So many under way that the thread which reads and the one which waits need not wake each other at every review.
    config = tfds.ReadConfig(num_parallel_calls_for_decode=64)
    examples = builder.as_dataset(split=split, batch_size=4096, shuffle_files=False, read_config=config)
    reviews: Labelled = []
    for batch in examples.as_numpy_iterator():
        texts = (unicodedata.normalize("NFC", text.decode("utf-8", "replace")) for text in batch["text"])
        reviews += [(text, int(label)) for text, label in zip(texts, batch["label"], strict=True)]
    kept = [(text, label) for text, label in reviews if normalize(text)]
    dropped["empty"] += len(reviews) - len(kept)
    return kept


def _drop_seen(reviews: Labelled, others: set[str], seen: set[str], dropped: Counter[str]) -> Labelled:
    """The reviews whose normalised text is neither in `others` nor, by now, in `seen`, which grows by theirs."""
    kept: Labelled = []
    for text, label in reviews:
        key = normalize(text)
        if key in others:
            dropped["in_another_split"] += 1
        elif key in seen:
            dropped["repeated"] += 1
        else:
            seen.add(key)
            kept.append((text, label))
    return kept


def _report(
    dataset: str, builder: tfds.core.DatasetBuilder, splits: dict[str, Labelled], dropped: Counter[str]
) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "origin": _origin(dataset, builder),
        "sources": _sources(dataset, builder),
        "splits": {name: _describe(reviews) for name, reviews in splits.items()},
        "dropped": dict(dropped),
    }


def _describe(reviews: Labelled) -> dict[str, float]:
    lengths = [len(text) for text, _ in reviews]
    p50, p90, p99 = np.percentile(lengths, [50, 90, 99]).tolist() if lengths else (0.0, 0.0, 0.0)
    labels = [label for _, label in reviews if label >= 0]
    positive = {"positive_share": sum(labels) / len(labels)} if labels else {}
    return {"reviews": len(reviews), **positive, "characters_p50": p50, "characters_p90": p90, "characters_p99": p99}


def _origin(dataset: str, builder: tfds.core.DatasetBuilder) -> str:
    """Where the reviews are from, in words that a reader of the report or the model card can rely on."""
    if local := local_sources(dataset):
        official = {info.checksum for info in (builder.url_infos or {}).values()}
        return "local files, the official ones" if official and official <= set(local.values()) else "local files"
    if not builder.url_infos:
        return "this project"
    return f"TFDS {builder.info.full_name}"


def _sources(dataset: str, builder: tfds.core.DatasetBuilder) -> dict[str, str]:
    """sha256 of what the reviews were read from: local files, our own sources, or downloads as pinned."""
    if local := local_sources(dataset):
        return local
    ours = {path.name: sha256(path) for path in sorted((PACKAGE / "datasets" / dataset).glob("*.yaml"))}
    return ours | {url: info.checksum for url, info in sorted((builder.url_infos or {}).items())}
