"""Reviews as ingest writes and the other stages read them: one parquet file a split, columns `text` and `label`."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


class Reviews(NamedTuple):
    """The reviews of a split.

    Attributes:
        labels: int8 [reviews]: 0 negative, 1 positive, -1 unknown.
    """

    texts: list[str]
    labels: np.ndarray

    def __len__(self) -> int:  # the number of reviews, not of fields
        return len(self.texts)


def write_reviews(path: Path, reviews: list[tuple[str, int]]) -> None:
    """Write reviews, each a text and its label, as a parquet file."""
    texts = pa.array([text for text, _ in reviews], pa.string())
    labels = pa.array([label for _, label in reviews], pa.int8())
    pq.write_table(pa.table({"text": texts, "label": labels}), path)


def read_reviews(ingest: Path, split: str) -> Reviews:
    """Read a split of an `ingest` artifact."""
    table = pq.read_table(ingest / f"{split}.parquet")
    return Reviews(table["text"].to_pylist(), table["label"].to_numpy())


def unlabelled_texts(ingest: Path) -> list[str]:
    """Read the texts of the split `unsupervised`: none where the data set has no such split."""
    return read_reviews(ingest, "unsupervised").texts if (ingest / "unsupervised.parquet").exists() else []
