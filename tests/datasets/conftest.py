"""What TFDS's own tests of a builder bring along."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out TensorFlow's `test_session`: it is no test, and would be told of as one that is skipped."""
    items[:] = [item for item in items if item.name != "test_session"]
