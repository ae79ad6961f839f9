"""ingest: read a data set, remove duplicate texts, and write its splits."""

import hashlib
import json
import shutil
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from pipeline.artifact.files import sha256
from pipeline.config.schema import IngestConfig
from pipeline.datasets.local import builder_folder, local_sources
from pipeline.datasets.prepare import prepare
from pipeline.datasets.quality import assess
from pipeline.report.data_page import write_data_report
from pipeline.support.errors import UserError
from pipeline.support.same_text import normalize, same_text_keys
from pipeline.text.reviews import write_reviews

READ_SPLITS = ("train", "dev", "test", "unsupervised")
Labelled = list[tuple[str, int]]  # text, and 1 for good, 0 for bad, -1 for no label


def ingest(config: IngestConfig, out: Path) -> dict[str, float]:
    """Write `<split>.parquet` for train, dev, test and, where there is one, unsupervised; `report.json`, and
    `report.html`, which shows a person what is in them.

    Other splits of the data set, such as validation, are not read, and named in the report.

    No text is in two splits, nor twice in train: `same_text_keys` decides which texts are the same. Test is complete
    but for empty texts, so that results compare with published ones. Texts that train repeats, of itself or of test,
    are dropped, and so are those that unsupervised repeats.

    Returns:
        The number of reviews in each split, how many were dropped, by reason, and what `Quality.metrics` names.

    Raises:
        UserError: as `prepare`, or if a split does not hold the labels 0 and 1, or holds others.
    """
    scratch = out / "scratch"
    builder = prepare(config.dataset, scratch, config.files)
    dropped: Counter[str] = Counter(empty=0, in_another_split=0, repeated=0)
    read = {split: _read(builder, split, dropped) for split in READ_SPLITS if split in builder.info.splits}
    splits = _make_splits(read, config.dev_fraction, dropped)
    if left_out := getattr(builder, "left_out", 0):
        dropped["left_out"] = left_out
    for name in ("train", "dev", "test"):
        _check_labels(config.dataset, name, splits[name])
    for name, reviews in splits.items():
        write_reviews(out / f"{name}.parquet", reviews)
    report = _report(config.dataset, builder, splits, dropped)
    if unused := sorted(set(builder.info.splits) - set(READ_SPLITS)):
        report["unused_splits"] = unused
        print(
            f"ingest: {config.dataset} has the split {', '.join(unused)} too, which is not read: dev is cut from train"
        )
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    shutil.rmtree(scratch, ignore_errors=True)
    quality = assess({name: reviews for name, reviews in read.items() if name != "unsupervised"}, splits)
    write_data_report(out / "report.html", report, quality)
    counts = {f"{name}_reviews": float(len(reviews)) for name, reviews in splits.items()}
    return counts | {f"dropped_{reason}": float(count) for reason, count in dropped.items()} | quality.metrics


def in_dev(text: str, fraction: float) -> bool:
    """Tell whether a text of train belongs to dev, by a hash of the text, composed (NFC) and with single spaces.

    The answer depends on nothing else: not on the machine, the order of the texts or their spacing. Of texts that are
    the same only one is left by then, so that what is hashed may stay what it always was: no review changes sides.
    """
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return int.from_bytes(hashlib.sha256(composed.encode()).digest()[:8]) < fraction * 2**64


def _make_splits(read: dict[str, Labelled], dev_fraction: float, dropped: Counter[str]) -> dict[str, Labelled]:
    """Return the reviews of each split; what is dropped is counted by reason. A data set may have a dev of its own."""
    test_keys = {key for text, _ in read["test"] for key in same_text_keys(text)}
    train_keys: set[str] = set()
    dev = _drop_seen(read.get("dev", []), test_keys, train_keys, dropped)
    train = _drop_seen(read["train"], test_keys | train_keys, train_keys, dropped)
    if not dev:
        whole, train = train, []
        for text, label in whole:
            (dev if in_dev(text, dev_fraction) else train).append((text, label))
    splits = {"train": train, "dev": dev, "test": read["test"]}
    if "unsupervised" in read:
        splits["unsupervised"] = _drop_seen(read["unsupervised"], test_keys | train_keys, set(), dropped)
    return splits


def _read(builder: tfds.core.DatasetBuilder, split: str, dropped: Counter[str]) -> Labelled:
    """Return the reviews of a split in NFC, without those of nothing that is seen, which are counted in `dropped`."""
    # With few calls in parallel, the reading and the waiting thread wake each other at every review.
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
    """Return the reviews whose texts have a key in neither set. Their keys are added to `seen`, so that only the first
    of equal texts is kept; the dropped ones are counted in `dropped`."""
    kept: Labelled = []
    for text, label in reviews:
        keys = same_text_keys(text)
        if keys & others:
            dropped["in_another_split"] += 1
        elif keys & seen:
            dropped["repeated"] += 1
        else:
            seen |= keys
            kept.append((text, label))
    return kept


def _check_labels(dataset: str, split: str, reviews: Labelled) -> None:
    """Raise a `UserError` unless the labels of a split are 0 and 1, and both occur."""
    labels = {label for _, label in reviews}
    if other := labels - {0, 1}:
        raise UserError(f"{dataset}: {split} holds the label {min(other)}; allowed: 0 (bad) and 1 (good)")
    if missing := {0, 1} - labels:
        raise UserError(
            f"{dataset}: of {len(reviews)} reviews in {split} none has label {min(missing)}; each of "
            "train, dev and test must hold both: give more data, or another ingest.dev_fraction"
        )


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
    """Return the number of reviews, the fraction of positive ones and percentiles of their lengths in characters."""
    lengths = [len(text) for text, _ in reviews]
    p50, p90, p99 = np.percentile(lengths, [50, 90, 99]).tolist() if lengths else (0.0, 0.0, 0.0)
    labels = [label for _, label in reviews if label >= 0]
    positive = {"positive_share": sum(labels) / len(labels)} if labels else {}
    return {"reviews": len(reviews), **positive, "characters_p50": p50, "characters_p90": p90, "characters_p99": p99}


def _origin(dataset: str, builder: tfds.core.DatasetBuilder) -> str:
    """Return where the reviews are from, as the report and the model card print it."""
    if local := local_sources(dataset):
        official = {info.checksum for info in (builder.url_infos or {}).values()}
        return "local files, the official ones" if official and official <= set(local.values()) else "local files"
    if not builder.url_infos:
        return "this project"
    return f"TFDS {builder.info.full_name}"


def _sources(dataset: str, builder: tfds.core.DatasetBuilder) -> dict[str, str]:
    """Return {name: sha256} of what the reviews were read from: local files, sources of this project, downloads."""
    if local := local_sources(dataset):
        return local
    sources = {path.name: sha256(path) for path in sorted(builder_folder(dataset).glob("*.yaml"))}
    return sources | {url: info.checksum for url, info in sorted((builder.url_infos or {}).items())}
