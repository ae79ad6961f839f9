"""A folder of one's own reviews, in CSV, TSV, JSON Lines or Parquet, as a TFDS builder. See README.md beside it."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from pipeline.config.schema import FilesConfig
from pipeline.datasets.files.labels import Labels
from pipeline.datasets.files.reviews import FileReader
from pipeline.datasets.files.splits import files_by_split


class Builder(tfds.core.GeneratorBasedBuilder):
    """Read the reviews from the folder that `FILES_DIR` names.

    Attributes:
        left_out: how many reviews have a label that is to be left out, such as three of five stars.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "First release."}

    def __init__(self, *, files: FilesConfig, **options: Any) -> None:
        self._files = files
        self.left_out = 0
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        features = {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(names=["neg", "pos"])}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        folder = Path(os.environ["FILES_DIR"])
        reader = FileReader(self._files, Labels(self._files.labels), folder)
        files = files_by_split(folder)
        cut = self._files.test_fraction if "test" not in files else None
        if cut is not None:
            files["test"] = files["train"]
        return {split: self._generate_examples(reader, split, paths, cut) for split, paths in files.items()}

    def _generate_examples(
        self, reader: FileReader, split: str, paths: list[Path], cut: float | None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the reviews of a split's files; of those of train and test, where test is cut, its own side alone."""
        key = 0
        for path in paths:
            rows: Iterable[tuple[str, Any, int]] = reader.rows(path, labelled=split != "unsupervised")
            for text, label, row in rows:
                if cut is not None and split in ("train", "test") and in_test(text, cut) != (split == "test"):
                    continue
                number = -1 if split == "unsupervised" else reader.label(path, row, label)  # -1: TFDS's for "none"
                if number is None:
                    self.left_out += 1
                    continue
                yield key, {"text": text, "label": number}
                key += 1


def in_test(text: str, fraction: float) -> bool:
    """Tell whether a text belongs to a test split that is cut by a hash of it, composed (NFC) and with single spaces.

    It is another part of the hash than that by which ingest cuts dev: else no review would be left for dev.
    """
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return int.from_bytes(hashlib.sha256(composed.encode("utf-8", "replace")).digest()[8:16]) < fraction * 2**64
