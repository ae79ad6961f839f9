"""`configs/README.md` shows every key with its type, its bounds, its values and the reason for them."""

import re
from pathlib import Path

import pytest

from pipeline.config.overlays import CONFIGS, load_config
from pipeline.config.reference import key_types, read_entries, reference

BASE = (CONFIGS / "base.yaml").read_text("utf-8")
NOT_IN_BASE = {"ingest.dataset", "train.cell", "pretrain.network"}


def test_the_page_is_up_to_date() -> None:
    page = (CONFIGS / "README.md").read_text("utf-8")
    assert page == reference(), "run .venv/bin/python -m pipeline.config.reference > configs/README.md"


def test_it_has_a_row_for_every_key() -> None:
    def keys(values: dict, at: str = "") -> list[str]:
        inner = [keys(value, f"{at}{key}.") for key, value in values.items() if isinstance(value, dict) and value]
        return [*(f"{at}{key}" for key in values), *(key for below in inner for key in below)]

    config = load_config("nsmc", "lstm", "pretrain.objective=none").model_dump()
    expected = {key for key in keys(config) if "." in key}
    assert set(key_types()) == expected
    assert set(re.findall(r"^\| `([\w.]+)` \|", reference(), flags=re.MULTILINE)) == expected


def test_every_value_of_base_has_a_reason() -> None:
    entries = read_entries(BASE)
    assert {key for key in key_types() if key not in entries} == NOT_IN_BASE
    assert [key for key, entry in entries.items() if "." in key and not entry.comment] == []


def test_an_overlay_s_value_stands_below_that_of_base(configs: Path) -> None:
    (configs / "preset" / "mine.yaml").write_text(
        "train:\n  epochs: 7  # a | b\n  # and c\n\n# of nothing\nexport:\n  tolerance: 0.5\n", "utf-8"
    )
    lines = reference(configs).splitlines()
    row = lines.index(r"| ↳ `preset/mine` |  | `7` | a \| b and c |")
    assert any(line.startswith("| `train.epochs` | integer, ≥ 1 | `3` |") for line in lines[row - 6 : row])
    assert "| ↳ `preset/mine` |  | `0.5` |  |" in lines


@pytest.mark.parametrize(
    ("text", "value", "comment"),
    [
        ("a: 1", "1", ""),
        ("a: 1  # one # two", "1", "one # two"),
        ("a: 'x # y'  # z", "'x # y'", "z"),
        ("a: [1,\n  2]  # two", "[1, 2]", "two"),
        ("a: {b: 1}  # one", "{b: 1}", "one"),
        ("a: 1  # one\n   # more\nb: 2  # other", "1", "one more"),
        ("a: 1  # one\n# above b\nb: 2", "1", "one"),
        ("# above a\na: 1", "1", ""),
        ("a: 1  # 하나", "1", "하나"),
    ],
)
def test_a_comment_belongs_to_the_value_before_it(text: str, value: str, comment: str) -> None:
    assert read_entries(text)["a"] == (value, comment)


def test_an_empty_file_has_no_values() -> None:
    assert read_entries("# nothing\n") == {}


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("train.epochs", "integer, ≥ 1"),
        ("ingest.dev_fraction", "number, > 0, < 0.5"),
        ("tokenize.phrases", "list, each: string"),
        ("train.pooling", "list, not empty, each: `last` or `mean` or `max` or `attention`"),
        ("evaluate.distances", "list, not empty, each: integer, ≥ 0; ascending"),
        ("evaluate.counterfactual", "string like `^[A-Z][A-Z0-9_]*_DIR$` or null"),
        ("explain.text", "string; not blank, UTF-8"),
    ],
)
def test_types_are_in_words(key: str, kind: str) -> None:
    assert key_types()[key] == kind
