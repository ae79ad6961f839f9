"""Accuracies that others published on a data set's official test split: a YAML file for each data set that has any."""

from pathlib import Path
from typing import NamedTuple

import yaml


class Published(NamedTuple):
    """A published accuracy, in percent, and where it was published."""

    label: str
    accuracy: float
    source: str


def read_published(data: str) -> list[Published]:
    """Return the entries of `<data>.yaml` beside this file, in its order; none without that file."""
    path = Path(__file__).parent / f"{data}.yaml"
    return [Published(**entry) for entry in yaml.safe_load(path.read_text("utf-8"))] if path.exists() else []
