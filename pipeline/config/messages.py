"""Turn a pydantic error into one line: the file, the key, what is allowed."""

from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.schema import Config

BASE = "configs/base.yaml"


def one_line(error: ValidationError, origins: dict[str, str]) -> str:
    """Return the first problem of a configuration in one line.

    Args:
        origins: the file, or SET, that sets each key.
    """
    first = error.errors()[0]
    if first["type"] == "missing":
        return _missing(first, origins)
    key = _key(first["loc"], origins)
    origin = origins.get(key) or origins.get(key.rpartition(".")[0], BASE)
    if first["type"] == "extra_forbidden":
        return f"{origin}: {key}: unknown key; allowed here: {', '.join(_keys_beside(first['loc']))}"
    value = first["input"]
    shown = "" if isinstance(value, dict) else f"{value!r}: "
    hint = " (YAML reads this as a string: write 0.001 or 1.0e-3)" if _is_numeral(value) else ""
    # Pydantic reports one problem for each type of a union: all are shown, each wording once.
    problems = dict.fromkeys(other["msg"] for other in error.errors() if _key(other["loc"], origins) == key)
    return f"{origin}: {key}: {shown}{', or '.join(text[0].lower() + text[1:] for text in problems)}{hint}"


def _missing(problem: ErrorDetails, origins: dict[str, str]) -> str:
    *section, _ = location = [str(part) for part in problem["loc"]]
    key, parent = ".".join(location), ".".join(section)
    if key in origins:
        return f"{origins[parent]}: {key}: no value; {parent} was emptied or replaced, so give all of it"
    return f"{key}: no value; give it one in {BASE}, or in the overlay of the data set or the cell"


def _key(location: tuple[str | int, ...], origins: dict[str, str]) -> str:
    """Return the key that an error is at, with an index in a list, without the type that pydantic tried on it."""
    key = ""
    for part in map(str, location):
        longer = f"{key}.{part}".lstrip(".")
        if longer in origins or part.isdigit():
            key = longer
    return key


def _keys_beside(location: tuple[str | int, ...]) -> list[str]:
    """Return the keys of the section that a location is in.

    >>> _keys_beside(("evaluate", "baseline", "x"))
    ['word_ngrams', 'character_ngrams', 'inverse_regularization', 'buckets']
    """
    section: Any = Config
    for part in location[:-1]:
        annotation = section.model_fields[part].annotation
        section = next(one for one in (annotation, *get_args(annotation)) if hasattr(one, "model_fields"))
    return list(section.model_fields)


def _is_numeral(value: object) -> bool:
    """Return whether a value is a string that Python, unlike YAML, reads as a number."""
    try:
        return isinstance(value, str) and float(value) is not None
    except ValueError:
        return False
