"""Configuration: values live in `configs/*.yaml`, types and bounds live here, and neither is written twice.

`configs/base.yaml` holds the values, `configs/data/<data>.yaml`, `configs/cell/<cell>.yaml` and, for a budget of time,
`configs/preset/<preset>.yaml` what differs from it, and `SET="section.key=value"` what differs for one run, as do
`TEXT` and `AGAINST` for `make explain`.
"""

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from pipeline.errors import UserError

CONFIGS = Path(__file__).parent.parent / "configs"

# Artifacts of these stages are shared by all models, so the overlay of a cell or a preset must not change them.
DATA_STAGES = ("ingest", "tokenize")
CELL_STAGES = ("pretrain", "train", "evaluate", "explain", "export")
STAGES = DATA_STAGES + CELL_STAGES

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def ascending(bounds: list[int]) -> list[int]:
    if bounds != sorted(set(bounds)):
        raise ValueError("must ascend")
    return bounds


def readable(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if text.encode(errors="replace").decode() != text:  # typed in another encoding
        raise ValueError("must be UTF-8")
    return text


Text = Annotated[str, AfterValidator(readable)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class IngestConfig(Section):
    dataset: Name
    dev_share: Annotated[float, Field(gt=0, lt=0.5)]


class TokenizeConfig(Section):
    pieces: Annotated[int, Field(ge=512, le=65536)]
    character_coverage: Annotated[float, Field(gt=0.9, le=1)]
    phrases: list[str]


class NGramsConfig(Section):
    characters: Count
    words: Count
    buckets: Annotated[int, Field(ge=2, le=1 << 24)]
    inverse_regularization: Annotated[float, Field(gt=0)]


class Network(Section):
    """What pretrain and train both build."""

    cell: Name
    cell_options: dict[Name, bool | int | float | str]
    embedding: Count
    units: Annotated[list[Count], Field(min_length=1)]
    bidirectional: bool


class Learning(Section):
    """How pretrain and train both learn."""

    dropout: Share
    longest: Count
    batch_pieces: Count
    learning_rate: Annotated[float, Field(gt=0, lt=1)]
    clip_norm: Annotated[float, Field(gt=0)]
    epochs: Count
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class TrainConfig(Learning, Network):
    pooling: Annotated[list[Literal["last", "mean", "max", "attention"]], Field(min_length=1)]
    ngrams: NGramsConfig | None
    recurrent_dropout: Share
    piece_dropout: Share
    adversarial: Share
    patience: Count


class PretrainConfig(Learning):
    """`network` is not written in YAML: it is what is learnt of train's, and None where nothing is."""

    objective: Literal["none", "language_model", "seq2seq"]
    network: Network | None
    unsupervised: bool
    negatives: Count

    @field_validator("network")
    @classmethod
    def learnable(cls, network: Network | None, info: ValidationInfo) -> Network | None:
        """Of layers that read both ways a language model learns the first alone: one above it has seen, in the states
        of the other direction, the piece that it would have to predict."""
        if network and network.bidirectional and info.data.get("objective") == "language_model":
            return network.model_copy(update={"units": network.units[:1]})
        return network


class BaselineConfig(Section):
    word_ngrams: Count
    character_ngrams: Count
    inverse_regularization: Annotated[float, Field(gt=0)]


class PhrasesConfig(Section):
    least_count: Count
    balance: Annotated[float, Field(gt=0, lt=0.5)]
    neighbours: Count
    least_feeling: Share


class EvaluateConfig(Section):
    baseline: BaselineConfig
    phrases: PhrasesConfig
    pairs: Name
    frames: Name
    counterfactual: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*_DIR$")] | None
    distances: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1), AfterValidator(ascending)]
    control_pieces: Annotated[int, Field(ge=0)]
    length_buckets: Annotated[list[Count], Field(min_length=1), AfterValidator(ascending)]
    calibration_bins: Count
    worst_errors: Count


class ExplainConfig(Section):
    text: Text
    against: Text
    flow_pieces: Annotated[int, Field(ge=2)]
    flow_reviews: Count


class ExportConfig(Section):
    compared_texts: Count
    tolerance: Annotated[float, Field(gt=0)]


class Config(Section):
    ingest: IngestConfig
    tokenize: TokenizeConfig
    train: TrainConfig
    pretrain: PretrainConfig  # after train: what is wrong with a network is said of train
    evaluate: EvaluateConfig
    explain: ExplainConfig
    export: ExportConfig


def section(stage: str) -> type[Section]:
    """The type of a stage's section, for example `TrainConfig` for `train`."""
    return get_type_hints(Config)[stage]


def load_config(
    data: str,
    cell: str,
    overrides: str = "",
    texts: dict[str, str] | None = None,
    preset: str = "",
    folder: Path = CONFIGS,
) -> Config:
    """Merge base, overlays of data, cell and preset, `SET` and texts of one's own into one checked configuration.

    Args:
        texts: to explain instead of those that are configured, by `TEXT` and `AGAINST`; preset: empty for none.

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
    layers += [(name, {"explain": {name.lower(): text}}) for name, text in (texts or {}).items()]

    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in layers:
        _merge(merged, values, origin, origins)
    _share_network(merged, origins)
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise UserError(_one_line(error, origins)) from None


def model_name(cell: str, preset: str) -> str:
    """What a model's folder and its run are called.

    >>> model_name("lstm", ""), model_name("lstm", "quick")
    ('lstm', 'lstm-quick')
    """
    return f"{cell}-{preset}" if preset else cell


def typed(data: str, model: str) -> str:
    """How a model is chosen on make's command line.

    >>> typed("nsmc", "lstm"), typed("nsmc", "lstm-quick")
    ('DATA=nsmc CELL=lstm', 'DATA=nsmc CELL=lstm PRESET=quick')
    """
    cell, _, preset = model.partition("-")
    return f"DATA={data} CELL={cell}" + (f" PRESET={preset}" if preset else "")


def _share_network(merged: dict[str, Any], origins: dict[str, str]) -> None:
    """Let pretrain know train's network if it is to learn for it."""
    pretrain, train = merged.get("pretrain"), merged.get("train")
    if not (isinstance(pretrain, dict) and isinstance(train, dict)):
        return  # said of them when they are checked
    if "network" in pretrain:
        raise UserError(f"{origins['pretrain.network']}: pretrain.network: it is that of train; set it there")
    learns = pretrain.get("objective") != "none"
    pretrain["network"] = {key: train[key] for key in Network.model_fields if key in train} if learns else None


def _choice(folder: Path, kind: str, name: str) -> Path:
    path = folder / kind / f"{name}.yaml"
    if kind == "cell" and "-" in name:
        raise UserError(f"CELL={name}: a cell's name holds no '-', which sets a preset's apart")
    if not path.is_file():
        allowed = ", ".join(sorted(p.stem for p in (folder / kind).glob("*.yaml")))
        raise UserError(f"{kind.upper()}={name}: there is no {_shown(path)}; {kind.upper()} is one of {allowed}")
    return path


def _shown(path: Path) -> str:
    return str(path.relative_to(CONFIGS.parent)) if path.is_relative_to(CONFIGS.parent) else str(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text("utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{_shown(path)}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise UserError(f"{_shown(path)}: must hold sections such as 'train:', not {values!r}")
    return values


def _parse_overrides(overrides: str) -> list[dict[str, Any]]:
    """What each assignment says, in order."""
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
        if isinstance(value, dict) and value and isinstance(into.get(key), dict):  # {} is meant: nothing of what was
            _merge(into[key], value, origin, origins, f"{path}.")
        elif isinstance(value, dict):
            into[key] = {}
            _merge(into[key], value, origin, origins, f"{path}.")
        else:
            into[key] = value


def _one_line(error: ValidationError, origins: dict[str, str]) -> str:
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
