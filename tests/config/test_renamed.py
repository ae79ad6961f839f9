"""A key that has another name since 1.0.0 is answered by one line that tells the new one."""

from pathlib import Path

import pytest
import yaml

from pipeline.config.overlays import load_config
from pipeline.config.renamed import RENAMED
from pipeline.support.errors import UserError

NAMED_BEFORE = {
    "ingest": ["dev_share"],
    "tokenize": ["pieces"],
    "pretrain": ["longest", "batch_pieces"],
    "train": ["longest", "batch_pieces", "adversarial"],
    "evaluate": ["phrases.least_count", "phrases.least_feeling", "frames"],
}


def nested(key: str, value: object) -> dict:
    for part in reversed(key.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def test_every_key_that_was_renamed_is_known() -> None:
    assert sorted(RENAMED) == sorted(f"{stage}.{key}" for stage, keys in NAMED_BEFORE.items() for key in keys)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_key_in_set_names_the_new_one(old: str, new: str) -> None:
    with pytest.raises(UserError) as error:
        load_config("maekrak", "lstm", f"train.epochs=1 {old}=5")
    assert str(error.value) == f"SET: {old}: renamed; write {new}"


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_key_in_a_file_names_the_file_and_the_new_one(old: str, new: str, configs: Path) -> None:
    path = configs / "data" / "own.yaml"
    path.write_text(yaml.safe_dump(nested(old, 5)), "utf-8")
    with pytest.raises(UserError) as error:
        load_config("own", "lstm", "train.epochs=1", folder=configs)
    assert str(error.value) == f"{path}: {old}: renamed; write {new}"


@pytest.mark.parametrize("new", RENAMED.values())
def test_the_new_key_is_one(new: str) -> None:
    value: object = load_config("maekrak", "lstm").model_dump()
    for part in new.split("."):
        assert isinstance(value, dict)
        value = value[part]
    assert value is not None
