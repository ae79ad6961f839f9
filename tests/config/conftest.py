"""A copy of the configuration that a test may spoil."""

from pathlib import Path

import pytest

from pipeline.config.overlays import CONFIGS


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """The folder of the copy."""
    for path in CONFIGS.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(CONFIGS)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text("utf-8"), "utf-8")
    return tmp_path
