"""The Naver sentiment movie corpus (CC0) as a TFDS builder. https://github.com/e9t/nsmc"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from pipeline.datasets.nsmc.ratings import read_crawl, read_ratings, read_unlabelled
from pipeline.support.errors import UserError

COMMIT = "cc0670e872d4ac27bfe36c87456783004b39ef6c"
RATINGS = f"https://raw.githubusercontent.com/e9t/nsmc/{COMMIT}/ratings_{{}}.txt"
CRAWL = f"https://github.com/e9t/nsmc/archive/{COMMIT}.zip"


class Builder(tfds.core.GeneratorBasedBuilder):
    """Read the reviews from the folder that `NSMC_DIR` names, else from the corpus's public home.

    A local folder holds `ratings_train.txt`, `ratings_test.txt` and, for the `unsupervised` split, a file
    `unlabelled.txt` with one review a line. On download that split is the corpus's raw crawl without the texts
    of the test split.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(names=["neg", "pos"])}
            ),
            supervised_keys=("text", "label"),
            homepage="https://github.com/e9t/nsmc",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        local = os.environ.get("NSMC_DIR")
        splits = _read_local(Path(local)) if local else _read_downloads(dl_manager)
        return {name: self._generate_examples(reviews) for name, reviews in splits.items()}

    def _generate_examples(self, reviews: Iterator[tuple[str, int]]) -> Iterator[tuple[int, dict[str, Any]]]:
        for row, (text, label) in enumerate(reviews):
            yield row, {"text": text, "label": label}


def _read_local(folder: Path) -> dict[str, Iterator[tuple[str, int]]]:
    for name in ("ratings_train.txt", "ratings_test.txt"):
        if not (folder / name).is_file():
            raise UserError(f"NSMC_DIR={folder}: no {name}; it must hold ratings_train.txt and ratings_test.txt")
    splits = {name: read_ratings(folder / f"ratings_{name}.txt") for name in ("train", "test")}
    if (folder / "unlabelled.txt").is_file():
        splits["unsupervised"] = _unlabelled(read_unlabelled(folder / "unlabelled.txt"))
    return splits


def _read_downloads(dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator[tuple[str, int]]]:
    urls = {"train": RATINGS.format("train"), "test": RATINGS.format("test"), "crawl": CRAWL}
    files = {name: Path(path) for name, path in dl_manager.download(urls).items()}
    test = {text for text, _ in read_ratings(files["test"])}
    return {
        "train": read_ratings(files["train"]),
        "test": read_ratings(files["test"]),
        "unsupervised": _unlabelled(read_crawl(files["crawl"], without=test)),
    }


def _unlabelled(texts: Iterator[str]) -> Iterator[tuple[str, int]]:
    return ((text, -1) for text in texts)  # -1 is TFDS's label for "none"
