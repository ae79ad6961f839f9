"""TensorFlow Serving's REST words: its paths, how its requests are read and its answers written, its errors.

Free of TensorFlow and of any server. The texts of errors are those of tensorflow/serving's `http_rest_api_util.cc` and
`json_tensor.cc`, so that a client that reads them finds the same whichever of the two it talks to.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

import numpy as np

MAX_TEXTS, MAX_CHARACTERS = 1024, 10_000  # of a request, of a text
SHOWN_BYTES = 256  # of a JSON value in an error
MAX_DEPTH = 64  # of lists and objects in one another
LARGEST_VERSION = 2**63 - 1

_TARGET = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
PREDICTION = re.compile(rf"(?i)/v1/models/(?P<name>[^/:]+){_TARGET}:(?P<method>classify|regress|predict)")
STATUS = re.compile(rf"(?i)/v1/models(?:/(?P<name>[^/:]+))?{_TARGET}(?P<metadata>/metadata)?")


class RestError(Exception):
    """A request that can't be answered: the HTTP status and the text of `{"error": ...}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Target(NamedTuple):
    """Which model a request is for. At most one of `version` and `label` is given; neither: the newest version."""

    name: str
    version: int | None
    label: str | None


class Call(NamedTuple):
    """A path, read: `action` is "status", "metadata", "predict", "classify" or "regress"."""

    target: Target
    action: str


class Request(NamedTuple):
    """The body of a request for predictions.

    Attributes:
        format: "row" for `instances`, "column" for `inputs`.
        inputs: by name, the texts as UTF-8.
    """

    format: Literal["row", "column"]
    inputs: dict[str, list[bytes]]


def parse_path(method: str, path: str) -> Call:
    """Read a path under /v1/.

    >>> parse_path("POST", "/v1/models/nsmc/versions/3:predict")
    Call(target=Target(name='nsmc', version=3, label=None), action='predict')

    Raises:
        RestError: 400 where TensorFlow Serving knows no such path.
    """
    found = {"POST": PREDICTION, "GET": STATUS}[method].fullmatch(path) if method in ("GET", "POST") else None
    if not found:
        raise RestError(400, f"Malformed request: {method} {path}")
    if not found["name"]:
        raise RestError(400, "Missing model name in request.")
    if found["version"] and (len(found["version"]) > 19 or int(found["version"]) > LARGEST_VERSION):
        raise RestError(400, f"Failed to convert version: {found['version'][:80]} to numeric.")
    version = int(found["version"]) if found["version"] else None
    target = Target(unquote(found["name"]), version, unquote(found["label"]) if found["label"] else None)
    if method == "POST":
        return Call(target, found["method"].lower())
    return Call(target, "metadata" if found["metadata"] else "status")


def parse_json(body: bytes) -> dict[str, Any]:
    """Read the first JSON value of a body; as in TensorFlow Serving, what follows a whole one is ignored.

    Raises:
        RestError: 400 if it is none, no object, or nested too deeply.
    """
    if not body:
        raise RestError(400, "JSON Parse error: The document is empty")
    try:
        text = body.decode("utf-8").removeprefix("\ufeff").lstrip(" \t\r\n")
    except UnicodeDecodeError as error:
        message = f"JSON Parse error: Invalid encoding in string. at offset: {error.start}"
        raise RestError(400, message) from None
    if not text:
        raise RestError(400, "JSON Parse error: The document is empty")
    _check_depth(text)
    try:
        value, _ = json.JSONDecoder(strict=True, object_pairs_hook=_first_of_each).raw_decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a whole number of thousands of digits
        raise RestError(400, f"JSON Parse error: Invalid value. at offset: {getattr(error, 'pos', 0)}") from None
    if not isinstance(value, dict):
        raise RestError(400, f"JSON Value: {shown(value)} Is not object")
    return value


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))  # of equal keys RapidJSON finds the first


def _check_depth(text: str) -> None:
    depth = 0
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text, flags=re.DOTALL):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            message = f"JSON Parse error: Terminate parsing due to Handler error. at offset: {found.start()}"
            raise RestError(400, message)


def signature_name(body: Mapping[str, Any]) -> str:
    """Return the signature that a body asks for; "" for the default.

    Raises:
        RestError: 400 if it is no string.
    """
    name = body.get("signature_name", "")
    if not isinstance(name, str):
        what = "not formatted correctly. 'signature_name' key must be a string value."
        raise RestError(400, f"JSON Value: {shown(body)} {what}")
    return name


def parse_predict(body: Mapping[str, Any], names: list[str]) -> Request:
    """Read `instances` or `inputs` for a signature whose inputs, of these names, are texts [batch].

    Raises:
        RestError: 400, in TensorFlow Serving's words; in words of our own for limits that it doesn't have.
    """
    if "instances" in body and "inputs" in body:
        what = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        raise RestError(400, f"JSON Value: {shown(body)} {what}")
    if "instances" in body:
        if not isinstance(body["instances"], list):
            raise RestError(400, f"JSON Value: {shown(body)} Expecting 'instances' to be an list/array")
        if not body["instances"]:
            raise RestError(400, f"JSON Value: {shown(body)} No values in 'instances' array")
        request = Request("row", _from_instances(body["instances"], sorted(names)))
    elif "inputs" in body:
        request = Request("column", _from_inputs(body["inputs"], sorted(names)))
    else:
        raise RestError(400, "Missing 'inputs' or 'instances' key")
    if len({len(texts) for texts in request.inputs.values()}) > 1:
        raise RestError(400, "All inputs must have the same number of texts.")
    return request


def _from_instances(instances: list[Any], names: list[str]) -> dict[str, list[bytes]]:
    _check_count(instances)
    if not isinstance(instances[0], dict) and len(names) > 1:
        raise RestError(
            400,
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map",
        )
    named = _is_object(instances[0])
    columns: dict[str, list[bytes]] = {name: [] for name in names}
    shapes: dict[str, list[int]] = {}
    for number, item in enumerate(instances):
        if named != _is_object(item):
            expected, got = ("object", "list") if named else ("value/list", "object")
            raise RestError(400, f"Expecting {expected} but got {got} at item {number} of input list")
        for name, value in item.items() if named else [(names[0], item)]:
            at = f"Failed to process element: {number}{f' key: {name}' if named else ''} of 'instances' list. Error: "
            if name not in columns:
                raise RestError(400, f"{at}INVALID_ARGUMENT: JSON object: does not have named input: {name}")
            try:
                shape = dense_shape(value)
                flat = _flat(value, shape, 0)
                _check_same_shape(shapes.setdefault(name, shape), shape, len(flat))
                if shape:
                    raise RestError(400, f"Expecting shape [] but got: {shown(shape)}")
            except RestError as error:
                raise RestError(400, f"{at}INVALID_ARGUMENT: {error.message}") from None
            columns[name] += flat
        if named and item.keys() != columns.keys():
            what = f"JSON object: {shown(item)} keys must be equal to: {','.join(names)}"
            raise RestError(400, f"Failed to process element: {number} of 'instances' list. {what}")
    return columns


def _check_same_shape(first: list[int], shape: list[int], size: int) -> None:
    if size != int(np.prod(first)):
        raise RestError(400, f"Expecting tensor size: {int(np.prod(first))} but got: {size}")
    if first != shape:
        raise RestError(400, f"Expecting shape {shown(first)} but got: {shown(shape)}")


def _from_inputs(inputs: Any, names: list[str]) -> dict[str, list[bytes]]:
    if not _is_object(inputs):
        if len(names) > 1:
            raise RestError(
                400,
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map",
            )
        return {names[0]: _column(inputs)}
    columns = {}
    for name in names:
        if name not in inputs:
            raise RestError(400, f"Missing named input: {name} in 'inputs' object.")
        columns[name] = _column(inputs[name])
    return columns


def _column(value: Any) -> list[bytes]:
    shape = dense_shape(value)
    if shape:
        _check_count(value)
    flat = _flat(value, shape, 0)
    if len(shape) != 1:
        raise RestError(400, f"Expecting shape [-1] but got: {shown(shape)}")
    return flat


def _check_count(texts: list[Any]) -> None:
    if len(texts) > MAX_TEXTS:
        raise RestError(400, f"{len(texts)} texts in one request, at most {MAX_TEXTS} are allowed")


def dense_shape(value: Any) -> list[int]:
    """Return the shape that lists in lists have, seen along their first elements.

    >>> dense_shape([["a", "b"], ["c"]])
    [2, 2]
    """
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _flat(value: Any, shape: list[int], level: int) -> list[bytes]:
    if not isinstance(value, list):
        if level != len(shape):
            at = f"found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {len(shape)}"
            raise RestError(400, f"JSON Value: {shown(value)} {at}")
        return [_text(value)]
    if level >= len(shape):
        raise RestError(400, f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        at = f"at level: {level} expected size: {shape[level]}"
        raise RestError(400, f"Encountered list at unexpected size: {len(value)} {at}")
    return [text for item in value for text in _flat(item, shape, level + 1)]


def _text(value: Any) -> bytes:
    if isinstance(value, dict):
        if not _is_base64(value):
            raise RestError(400, f"JSON Value: {shown(value)} not formatted correctly for base64 data")
        try:
            text = base64.b64decode("".join(value["b64"].split()), validate=True)
        except (binascii.Error, ValueError):
            raise RestError(400, "Unable to base64 decode") from None
    elif isinstance(value, str):
        try:
            text = value.encode("utf-8")
        except UnicodeEncodeError:
            raise RestError(400, "JSON Parse error: The surrogate pair in string is invalid.") from None
    else:
        raise RestError(400, f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected type: string")
    if len(text) > MAX_CHARACTERS and len(text.decode("utf-8", "replace")) > MAX_CHARACTERS:
        raise RestError(400, f"A text of more than {MAX_CHARACTERS} characters; they are not read")
    return text


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def type_name(value: Any) -> str:
    """Return what RapidJSON calls the type of a value.

    >>> [type_name(value) for value in (None, True, 1.5, "a", [], {})]
    ['Null', 'True', 'Number', 'String', 'Array', 'Object']
    """
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    return next(name for kind, name in _TYPES.items() if isinstance(value, kind))


_TYPES = {str: "String", list: "Array", dict: "Object", int: "Number", float: "Number"}


def shown(value: Any) -> str:
    """Return a value as errors show it: in short, and as text that any client can read."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return text[:SHOWN_BYTES].decode("utf-8", "ignore")


def answer(request_format: str, outputs: Mapping[str, np.ndarray]) -> bytes:
    """Write the outputs of a signature as a row or a column answer.

    Raises:
        RestError: 400 where the row format can't hold them.
    """
    if request_format == "column":
        columns = {name: _values(name, array) for name, array in sorted(outputs.items())}
        return _dump({"outputs": next(iter(columns.values())) if len(columns) == 1 else columns})
    sizes: set[int] = set()
    for name, array in sorted(outputs.items()):
        if not array.shape:
            raise RestError(400, f"Tensor name: {name} has no shape information ")
        if sizes and array.shape[0] not in sizes:
            what = f"has inconsistent batch size: {array.shape[0]} expecting: {sizes.pop()}"
            raise RestError(400, f"Tensor name: {name} {what}")
        sizes.add(array.shape[0])
    columns = {name: _values(name, array) for name, array in sorted(outputs.items())}
    if len(columns) == 1:
        return _dump({"predictions": next(iter(columns.values()))})
    return _dump({"predictions": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]})


def _values(name: str, array: np.ndarray) -> Any:
    if array.dtype == np.float32:  # the shortest decimal that reads back as this float32, not as its double
        return array.astype(str).astype(np.float64).tolist()
    if array.dtype == object:
        encode = _as_base64 if name.endswith("_bytes") else _as_string
        return _mapped(encode, array.tolist())
    return array.tolist()


def _mapped(function: Any, value: Any) -> Any:
    return [_mapped(function, item) for item in value] if isinstance(value, list) else function(value)


def _as_base64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _as_string(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def error_body(message: str) -> bytes:
    """Return `{"error": message}`; a lone surrogate, which UTF-8 can't hold, as "?"."""
    return json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", "replace")


def reason(status: int) -> str:
    """Return what a status is called in metrics, for example "OK"."""
    return HTTPStatus(status).name
