"""Turn a pydantic error into one line: the file, the key, what is allowed."""

from typing import Any, get_args

from pydantic import ValidationError

from pipeline.config.schema import Config


def one_line(error: ValidationError, origins: dict[str, str]) -> str:
    problem = error.errors()[0]
    location = [str(part) for part in problem["loc"]]
    key, parent = ".".join(location), ".".join(location[:-1])
    if problem["type"] == "missing" and key in origins:
        return f"{origins[parent]}: {key}: no value; {parent} was emptied or replaced, so give all of it"
    if problem["type"] == "missing":
        return f"{key}: no value; give it one in configs/base.yaml, or in the overlay of the data set or the cell"
    key = _key(problem["loc"], origins)
    origin = origins.get(key) or origins.get(key.rpartition(".")[0], "configs/base.yaml")
    value = problem["input"]
    if problem["type"] == "extra_forbidden":
        return f"{origin}: {key}: unknown key; allowed here: {', '.join(_keys_beside(location))}"
    hint = " (YAML reads this as a string: write 0.001 or 1.0e-3)" if _numeral(value) else ""
    shown = "" if isinstance(value, dict) else f"{value!r}: "
    # Where several types are allowed, each has its own say.
    said = dict.fromkeys(one["msg"] for one in error.errors() if _key(one["loc"], origins) == key)
    return f"{origin}: {key}: {shown}{', or '.join(text[0].lower() + text[1:] for text in said)}{hint}"


def _key(location: tuple[str | int, ...], origins: dict[str, str]) -> str:
    """The key that an error is at, with its place in a list, but without the type that pydantic tried on it."""
    key = ""
    for part in map(str, location):
        longer = f"{key}.{part}".lstrip(".")
        if longer in origins or part.isdigit():
            key = longer
    return key


def _keys_beside(location: list[str]) -> list[str]:
    section: Any = Config
    for part in location[:-1]:
        annotation = section.model_fields[part].annotation
        section = next(one for one in (annotation, *get_args(annotation)) if hasattr(one, "model_fields"))
    return list(section.model_fields)


def _numeral(value: object) -> bool:
    try:
        return isinstance(value, str) and float(value) is not None
    except ValueError:
        return False
