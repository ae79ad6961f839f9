"""The schema: the type and the bounds of every value, one class a section of the configuration.

Values, and the reasons for them, stand in `configs/*.yaml`. No field has a default, so that no value exists twice. A
`description` says what the type and the bounds can't; `configs/README.md` shows all of it.
"""

from typing import Annotated, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.support.same_text import normalize

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def ascending(bounds: list[int]) -> list[int]:
    """Return `bounds` if each is greater than the one before it."""
    if bounds != sorted(set(bounds)):
        raise ValueError("must ascend")
    return bounds


def non_blank_utf8(text: str) -> str:
    """Return `text` if it can be written as UTF-8 and a reader sees something of it."""
    if not normalize(text):
        raise ValueError("must not be blank")
    if text.encode(errors="replace").decode() != text:  # bytes of another encoding, which Python reads as surrogates
        raise ValueError("must be UTF-8")
    return text


Text = Annotated[str, AfterValidator(non_blank_utf8), Field(description="not blank, UTF-8")]


class Section(BaseModel):
    """The base of all sections: immutable, without conversion of types, unknown keys, infinity or NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class FilesConfig(Section):
    """How the data set `files` reads a folder of one's own reviews."""

    text: Text | None
    label: Text | None
    labels: (
        Annotated[
            str,
            Field(pattern=r"^[^/]+/[^/]+(/[^/]+)?$", description="bad / good, or bad / good / left out"),
        ]
        | None
    )
    test_fraction: Annotated[float, Field(gt=0, lt=0.5)]


class IngestConfig(Section):
    dataset: Name
    dev_fraction: Annotated[float, Field(gt=0, lt=0.5)]
    files: FilesConfig


class TokenizeConfig(Section):
    vocab_size: Annotated[int, Field(ge=512, le=65536)]
    character_coverage: Annotated[float, Field(gt=0.9, le=1)]
    phrases: list[str]


class NGramsConfig(Section):
    characters: Count
    words: Count
    buckets: Annotated[int, Field(ge=2, le=1 << 24)]
    inverse_regularization: Annotated[float, Field(gt=0)]
    epochs: Count


class NetworkConfig(Section):
    """The part of the network that pretrain and train both build."""

    cell: Name
    cell_options: dict[Name, bool | int | float | str]
    embedding: Count
    units: Annotated[list[Count], Field(min_length=1)]
    bidirectional: bool


class LearningConfig(Section):
    """The settings of training that pretrain and train both have."""

    dropout: Fraction
    max_length: Count
    max_tokens_per_batch: Count
    learning_rate: Annotated[float, Field(gt=0, lt=1)]
    clip_norm: Annotated[float, Field(gt=0)]
    epochs: Count
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class TrainConfig(LearningConfig, NetworkConfig):
    pooling: Annotated[list[Literal["last", "mean", "max", "attention"]], Field(min_length=1)]
    attention_heads: Count
    ngrams: NGramsConfig | None
    recurrent_dropout: Fraction
    piece_dropout: Fraction
    adversarial_epsilon: Fraction
    patience: Count


class PretrainConfig(LearningConfig):
    objective: Literal["none", "language_model", "seq2seq"]
    network: Annotated[
        NetworkConfig | None,
        Field(
            description="not to be set: what pretrain can learn of train's network, null where it learns nothing",
            json_schema_extra={"readOnly": True},
        ),
    ]
    unsupervised: bool
    negatives: Count
    unigram_power: Annotated[float, Field(ge=0, le=1)]


class BaselineConfig(Section):
    word_ngrams: Count
    character_ngrams: Count
    inverse_regularization: Annotated[float, Field(gt=0)]
    buckets: Annotated[int, Field(ge=2, le=1 << 24)]


class PhrasesConfig(Section):
    max_words: Count
    min_count: Count
    balance: Annotated[float, Field(gt=0, lt=0.5)]
    neighbours: Count
    searched_neighbours: Count
    min_polarity: Fraction
    max_document_frequency: Annotated[float, Field(gt=0, le=1)]
    min_continuation_share: Fraction
    max_continuation_share: Annotated[float, Field(gt=0, le=1)]
    max_inflection_spread: Fraction
    min_context_count: Count
    context_smoothing: Annotated[float, Field(gt=0, le=1)]
    dimensions: Count
    occluded_reviews: Count


class EvaluateConfig(Section):
    baseline: BaselineConfig
    phrases: PhrasesConfig
    pairs: Name
    templates: Name
    behaviour: Name
    counterfactual: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*_DIR$")] | None
    distances: Annotated[
        list[Annotated[int, Field(ge=0)]], Field(min_length=1, description="ascending"), AfterValidator(ascending)
    ]
    control_pieces: Annotated[int, Field(ge=0)]
    control_shuffles: Count
    length_buckets: Annotated[list[Count], Field(min_length=1, description="ascending"), AfterValidator(ascending)]
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
    kept_versions: Count


class Config(Section):
    """All sections, one a stage, in the order of the stages."""

    ingest: IngestConfig
    tokenize: TokenizeConfig
    pretrain: PretrainConfig
    train: TrainConfig
    evaluate: EvaluateConfig
    explain: ExplainConfig
    export: ExportConfig


def section_type(stage: str) -> type[Section]:
    """Return the type of a stage's section, for example `TrainConfig` for `train`."""
    return get_type_hints(Config)[stage]
