"""Configuration: values live in `configs/*.yaml`, types and bounds live here, and neither is written twice.

`configs/base.yaml` holds the values, `configs/data/<data>.yaml`, `configs/cell/<cell>.yaml` and, for a budget of time,
`configs/preset/<preset>.yaml` what differs from it, and `SET="section.key=value"` what differs for one run, as do
`TEXT` and `AGAINST` for `make explain`.
"""

from typing import Annotated, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def ascending(bounds: list[int]) -> list[int]:
    if bounds != sorted(set(bounds)):
        raise ValueError("must ascend")
    return bounds


def non_blank_utf8(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if text.encode(errors="replace").decode() != text:  # typed in another encoding
        raise ValueError("must be UTF-8")
    return text


Text = Annotated[str, AfterValidator(non_blank_utf8)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class IngestConfig(Section):
    dataset: Name
    dev_fraction: Annotated[float, Field(gt=0, lt=0.5)]


class TokenizeConfig(Section):
    vocab_size: Annotated[int, Field(ge=512, le=65536)]
    character_coverage: Annotated[float, Field(gt=0.9, le=1)]
    phrases: list[str]


class NGramsConfig(Section):
    characters: Count
    words: Count
    buckets: Annotated[int, Field(ge=2, le=1 << 24)]
    inverse_regularization: Annotated[float, Field(gt=0)]


class NetworkConfig(Section):
    """What pretrain and train both build."""

    cell: Name
    cell_options: dict[Name, bool | int | float | str]
    embedding: Count
    units: Annotated[list[Count], Field(min_length=1)]
    bidirectional: bool


class LearningConfig(Section):
    """How pretrain and train both learn."""

    dropout: Fraction
    max_length: Count
    max_tokens_per_batch: Count
    learning_rate: Annotated[float, Field(gt=0, lt=1)]
    clip_norm: Annotated[float, Field(gt=0)]
    epochs: Count
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class TrainConfig(LearningConfig, NetworkConfig):
    pooling: Annotated[list[Literal["last", "mean", "max", "attention"]], Field(min_length=1)]
    ngrams: NGramsConfig | None
    recurrent_dropout: Fraction
    piece_dropout: Fraction
    adversarial_epsilon: Fraction
    patience: Count


class PretrainConfig(LearningConfig):
    """`network` is not written in YAML: it is what is learnt of train's, and None where nothing is."""

    objective: Literal["none", "language_model", "seq2seq"]
    network: NetworkConfig | None
    unsupervised: bool
    negatives: Count

    @field_validator("network")
    @classmethod
    def learnable(cls, network: NetworkConfig | None, info: ValidationInfo) -> NetworkConfig | None:
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
    min_count: Count
    balance: Annotated[float, Field(gt=0, lt=0.5)]
    neighbours: Count
    min_polarity: Fraction


class EvaluateConfig(Section):
    baseline: BaselineConfig
    phrases: PhrasesConfig
    pairs: Name
    templates: Name
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


def section_type(stage: str) -> type[Section]:
    """The type of a stage's section, for example `TrainConfig` for `train`."""
    return get_type_hints(Config)[stage]
