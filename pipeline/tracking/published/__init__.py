"""What others published on a data set's official test split: one file a data set, and none for most."""

from pathlib import Path
from typing import NamedTuple

import yaml


class Published(NamedTuple):
    label: str
    accuracy: float  # %
    source: str


def read_published(data: str) -> list[Published]:
    """What `pipeline/tracking/published/<data>.yaml` holds, in the order of the file; nothing without one."""
    path = Path(__file__).parent / f"{data}.yaml"
    return [Published(**entry) for entry in yaml.safe_load(path.read_text("utf-8"))] if path.exists() else []
