"""Maekrak, the embedded data set, as a TFDS builder. It downloads nothing."""

from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from pipeline.datasets.maekrak.compose import Review, compose


class Builder(tfds.core.GeneratorBasedBuilder):
    """Compose Korean reviews in which only the context decides what an ambiguous phrase means."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "First release."}

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(names=["neg", "pos"])}
            ),
            supervised_keys=("text", "label"),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        return {split: self._generate_examples(reviews) for split, reviews in compose().items()}

    def _generate_examples(self, reviews: list[Review]) -> Iterator[tuple[int, dict[str, Any]]]:
        for row, review in enumerate(reviews):
            yield row, {"text": review.text, "label": review.label}
