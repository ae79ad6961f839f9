"""Merge base, overlays and overrides into one checked configuration, remembering which file set which key.

Later layers win: `configs/base.yaml`, for own reviews `configs/size/<size>.yaml`, `configs/data/<data>.yaml`,
`configs/cell/<cell>.yaml`, `configs/preset/<preset>.yaml`, then `SET="section.key=value"` and, for `make explain`,
`TEXT` and `AGAINST`.
"""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.artifact.files import PACKAGE
from pipeline.config.messages import one_line
from pipeline.config.names import DATA_STAGES
from pipeline.config.renamed import refuse_old_keys
from pipeline.config.schema import Config, NetworkConfig
from pipeline.support.errors import UserError

CONFIGS = PACKAGE.parent / "configs"
# The rule of defaults that fit the size of one's own reviews: small below the one, large from the other on. What is
# between has the values of base.yaml, which were found on NSMC's 20 MB.
SMALL_BYTES, LARGE_BYTES = 1_000_000, 200_000_000


def load_config(
    data: str,
    cell: str,
    overrides: str = "",
    texts: dict[str, str] | None = None,
    preset: str = "",
    folder: Path = CONFIGS,
    own_bytes: Callable[[str], int | None] | None = None,
) -> Config:
    """Merge base, overlays of data, cell and preset, `SET` and texts of one's own into one checked configuration.

    Args:
        texts: to explain instead of those that are configured, by `TEXT` and `AGAINST`; preset: empty for none.
        own_bytes: returns how many bytes of own reviews a data set holds, None where it is no such set; of them follow
            defaults.

    Raises:
        UserError: naming the file (or SET, TEXT, AGAINST), the key and what is allowed.
    """
    choices = {"data": data, "cell": cell} | ({"preset": preset} if preset else {})
    paths = [folder / "base.yaml", *(_choice(folder, kind, name) for kind, name in choices.items())]
    layers = [(_shown(path), _read(path)) for path in paths]
    for origin, overlay in layers[2:]:
        if common := sorted(set(overlay) & set(DATA_STAGES)):
            raise UserError(f"{origin}: {common[0]}: all models share this stage; set it in configs/data/")
    layers += [("SET", values) for values in _parse_overrides(overrides)]
    if own_bytes:
        layers[1:1] = _size_layer(folder, layers, own_bytes)
    layers += [(name, {"explain": {name.lower(): text}}) for name, text in (texts or {}).items()]

    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in layers:
        _merge(merged, values, origin, origins)
    refuse_old_keys(origins)
    _share_network(merged, origins)
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise UserError(one_line(error, origins)) from None


def _size_layer(
    folder: Path, layers: list[tuple[str, dict[str, Any]]], own_bytes: Callable[[str], int | None]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the overlay for the size of own reviews; none where they are of a middling size, or there are none."""
    sections = [values["ingest"] for _, values in layers if isinstance(values.get("ingest"), dict)]
    named = [section["dataset"] for section in sections if isinstance(section.get("dataset"), str)]
    size = size_name(own_bytes(named[-1]) if named else None)
    path = folder / "size" / f"{size}.yaml"
    return [(_shown(path), _read(path))] if size else []


def size_name(count: int | None) -> str:
    """Return the name of a size in bytes; empty for one that base.yaml is made for.

    >>> size_name(40_000), size_name(15_000_000), size_name(500_000_000), size_name(None)
    ('small', '', 'large', '')
    """
    if count is None or SMALL_BYTES <= count < LARGE_BYTES:
        return ""
    return "small" if count < SMALL_BYTES else "large"


def _share_network(merged: dict[str, Any], origins: dict[str, str]) -> None:
    """Set `pretrain.network` to what pretrain can learn of train's network; None where it has no objective.

    What is invalid in a network is left to the check of train, so that an error names the key that the user wrote.
    """
    pretrain, train = merged.get("pretrain"), merged.get("train")
    if not (isinstance(pretrain, dict) and isinstance(train, dict)):
        return  # the check that follows names the section that is missing or is none
    if "network" in pretrain:
        raise UserError(f"{origins['pretrain.network']}: pretrain.network: it is that of train; set it there")
    pretrain["network"] = None
    if pretrain.get("objective") == "none":
        return
    try:
        network = NetworkConfig.model_validate({k: train[k] for k in NetworkConfig.model_fields if k in train})
    except ValidationError:
        return
    pretrain["network"] = _learnable_part(network, pretrain.get("objective"))


def _learnable_part(network: NetworkConfig, objective: object) -> NetworkConfig:
    """Return the part of a network that an objective can teach.

    That is all of it, but for a language model on layers that read in both directions: it can teach the first alone,
    since a layer above it has seen the piece that it would have to predict, in the states of the other direction.
    """
    if objective == "language_model" and network.bidirectional:
        return network.model_copy(update={"units": network.units[:1]})
    return network


def _choice(folder: Path, kind: str, name: str) -> Path:
    """Return the file of a choice, for example `configs/cell/lstm.yaml` for the cell `lstm`."""
    path = folder / kind / f"{name}.yaml"
    if kind == "cell" and "-" in name:
        raise UserError(f"CELL={name}: a cell's name holds no '-', which sets a preset's apart")
    if not path.is_file():
        allowed = ", ".join(sorted(p.stem for p in (folder / kind).glob("*.yaml")))
        raise UserError(f"{kind.upper()}={name}: there is no {_shown(path)}; {kind.upper()} is one of {allowed}")
    return path


def _shown(path: Path) -> str:
    """Return a path as messages show it: relative to the project, where it is inside."""
    return str(path.relative_to(CONFIGS.parent)) if path.is_relative_to(CONFIGS.parent) else str(path)


def _read(path: Path) -> dict[str, Any]:
    """Return the sections of a YAML file."""
    try:
        values = yaml.safe_load(path.read_text("utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{_shown(path)}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise UserError(f"{_shown(path)}: must hold sections such as 'train:', not {values!r}")
    return values


def _parse_overrides(overrides: str) -> list[dict[str, Any]]:
    """Return the values that each assignment sets, in order.

    >>> _parse_overrides("train.epochs=3 train.ngrams.words=1")
    [{'train': {'epochs': 3}}, {'train': {'ngrams': {'words': 1}}}]
    """
    layers = []
    try:
        for assignment in shlex.split(overrides):
            key, equals, value = assignment.partition("=")
            section, dot, rest = key.partition(".")
            if not (equals and dot and section and rest):
                raise UserError(f'SET: {assignment}: write section.key=value, for example SET="train.epochs=3"')
            tree: Any = yaml.safe_load(value)
            for part in reversed(rest.split(".")):
                tree = {part: tree}
            layers.append({section: tree})
    except (ValueError, yaml.YAMLError) as error:
        raise UserError(f"SET: {overrides}: {' '.join(str(error).split())}") from None
    return layers


def _merge(into: dict[str, Any], values: dict[str, Any], origin: str, origins: dict[str, str], at: str = "") -> None:
    """Lay `values` over `into`, section by section, and remember in `origins` who set which key."""
    for key, value in values.items():
        path = f"{at}{key}"
        origins[path] = origin
        if isinstance(value, dict) and value and isinstance(into.get(key), dict):  # an empty one empties the section
            _merge(into[key], value, origin, origins, f"{path}.")
        elif isinstance(value, dict):
            into[key] = {}
            _merge(into[key], value, origin, origins, f"{path}.")
        else:
            into[key] = value
