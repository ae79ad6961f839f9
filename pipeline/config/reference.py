"""The reference of all keys, `configs/README.md`, made of the schema and of the YAML files with their comments.

`python -m pipeline.config.reference > configs/README.md` writes it anew.
"""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.config.overlays import CONFIGS
from pipeline.config.schema import Config

INTRODUCTION = """\
# The configuration

[up](../README.md)

이 표에는 모든 설정값이 있다. 키, 타입과 범위, `base.yaml`의 값, 그 값을 고른 까닭의 차례다. ↳로 시작하는
줄은 그 파일이 덮어쓰는 값이다. 덮어쓰는 차례는 `base.yaml`, `size/`(1 MB보다 작거나 200 MB 이상인 내 리뷰에만),
`data/`, `cell/`, `preset/`, `SET`이고 나중 것이 이긴다. 값을 바꾸려면 YAML 파일을 고치거나, 한 번만 쓸 값이면 명령
뒤에 `SET="section.key=value"`를 붙인다.

Each key with its type and bounds, its value in `base.yaml` and the reason for it. A line that begins with ↳ is a value
that another file lays over it: `size/` for own reviews (`files`) of less than a megabyte or of 200 and more, so that
the values fit their number; `data/` for a data set (`DATA`), then `cell/` for a cell (`CELL`), then `preset/` for a
budget of time (`PRESET`). `SET` comes last, and counts for one command:

    make train DATA=nsmc SET="train.epochs=2 train.units=[64]"

Types and bounds come from `pipeline/config/schema.py`, values and reasons from the YAML files, where the reason is the
comment beside the value. This page is made of them, and a test compares it; after an edit of either, type

    .venv/bin/python -m pipeline.config.reference > configs/README.md
"""
HEAD = "| key | type and bounds | value | reason |\n|---|---|---|---|"
BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}


class Entry(NamedTuple):
    """A value as a YAML file spells it, empty for a section, and the comment beside it."""

    value: str
    comment: str


def reference(folder: Path = CONFIGS) -> str:
    """Return the page."""
    base = read_entries((folder / "base.yaml").read_text("utf-8"))
    overlays = {
        f"{kind}/{path.stem}": read_entries(path.read_text("utf-8"))
        for kind in ("size", "data", "cell", "preset")
        for path in sorted((folder / kind).glob("*.yaml"))
    }
    order, types = list(base), key_types()
    tables = []
    for stage in Config.model_fields:
        keys = [key for key in types if key.startswith(f"{stage}.")]
        keys.sort(key=lambda key: order.index(key) if key in order else len(order))
        rows = [row for key in keys for row in _rows(key, types[key], base, overlays)]
        tables.append("\n".join([f"## {stage}\n", HEAD, *rows]) + "\n")
    return "\n".join([INTRODUCTION, *tables])


def _rows(key: str, kind: str, base: dict[str, Entry], overlays: dict[str, dict[str, Entry]]) -> list[str]:
    """Return the row of a key, and one for each overlay that gives it a value."""
    differing = [
        _row(f"↳ `{name}`", "", entries[key])
        for name, entries in overlays.items()
        if key in entries and entries[key].value
    ]
    return [_row(f"`{key}`", kind, base.get(key, Entry("", ""))), *differing]


def _row(name: str, kind: str, entry: Entry) -> str:
    cells = (name, kind, f"`{entry.value}`" if entry.value else "", entry.comment)
    return " | ".join(["", *(cell.replace("|", r"\|") for cell in cells), ""]).strip()


def key_types() -> dict[str, str]:
    """Return the type and the bounds of every key, in words, by dotted key.

    >>> types = key_types()
    >>> types["train.dropout"], types["train.ngrams"], types["train.ngrams.words"]
    ('number, ≥ 0, < 1', 'section or null', 'integer, ≥ 1')
    """
    schema = Config.model_json_schema()
    return _key_types(schema, schema["$defs"], "")


def _key_types(section: dict[str, Any], definitions: dict[str, Any], at: str) -> dict[str, str]:
    types: dict[str, str] = {}
    for name, spec in section["properties"].items():
        if at:
            types[f"{at}{name}"] = _in_words(spec)
        if spec.get("readOnly"):
            continue  # its keys are not to be set either
        for one in spec.get("anyOf", [spec]):
            if "$ref" in one:
                types |= _key_types(definitions[one["$ref"].rpartition("/")[2]], definitions, f"{at}{name}.")
    return types


def _in_words(spec: dict[str, Any]) -> str:
    """Return a JSON schema of one value in words.

    >>> _in_words({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1})
    'list, not empty, each: integer, ≥ 1'
    >>> _in_words({"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}], "description": "c"})
    '`a` or `b` or null; c'
    """
    if "$ref" in spec:
        words = "section"
    elif "anyOf" in spec:
        words = " or ".join(map(_in_words, spec["anyOf"]))
    elif "enum" in spec:
        words = " or ".join(f"`{value}`" for value in spec["enum"])
    elif spec["type"] == "array":
        words = f"list{', not empty' if spec.get('minItems') else ''}, each: {_in_words(spec['items'])}"
    elif spec["type"] == "object":
        ((pattern, value),) = spec["patternProperties"].items()
        words = f"mapping, each key like `{pattern}`, each value: {_in_words(value)}"
    else:
        bounds = "".join(f", {sign} {spec[bound]}" for bound, sign in BOUNDS.items() if bound in spec)
        words = spec["type"] + bounds + (f" like `{spec['pattern']}`" if "pattern" in spec else "")
    return f"{words}; {spec['description']}" if "description" in spec else words


def read_entries(text: str) -> dict[str, Entry]:
    """Return the values of a YAML file with the comments beside them, by dotted key; those of sections too.

    A mapping in braces is a value, any other a section. A comment goes on in the indented lines below it that hold
    nothing else.

    >>> read_entries("a:  # of a\\n  b: [1, 2]  # of b,\\n          # and more\\n")
    {'a': Entry(value='', comment='of a'), 'a.b': Entry(value='[1, 2]', comment='of b, and more')}
    """
    comments = _comments(text)
    entries: dict[str, Entry] = {}

    def walk(section: yaml.MappingNode, at: str) -> None:
        for key, value in section.value:
            name = f"{at}{key.value}"
            if isinstance(value, yaml.MappingNode) and not value.flow_style:
                entries[name] = Entry("", comments.get(key.end_mark.line, ""))
                walk(value, f"{name}.")
            else:
                source = text[value.start_mark.index : value.end_mark.index]
                entries[name] = Entry(" ".join(source.split()), comments.get(value.end_mark.line, ""))

    document = yaml.compose(text, yaml.SafeLoader)
    if isinstance(document, yaml.MappingNode):  # an empty file is none
        walk(document, "")
    return entries


def _comments(text: str) -> dict[int, str]:
    """Return the comment beside the values of each line: what follows the line's last token."""
    ends: dict[int, int] = {}
    for token in yaml.scan(text, yaml.SafeLoader):
        if token.start_mark.index < token.end_mark.index:  # the end of the file, for one, is a token without text
            ends[token.end_mark.line] = token.end_mark.column
    comments: dict[int, str] = {}
    beside: int | None = None  # the line that an indented comment goes on from
    for number, line in enumerate(text.splitlines()):
        rest = line[ends.get(number, 0) :].strip()
        if number in ends:
            beside = number
        elif not line.startswith(" "):
            beside = None
        if rest.startswith("#") and beside is not None:
            comments[beside] = f"{comments.get(beside, '')} {rest.lstrip('# ')}".strip()
    return comments


if __name__ == "__main__":
    print(reference(), end="")
