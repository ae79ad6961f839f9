"""What the measures of evaluate share: splits, tokenizer and both models."""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from sklearn.pipeline import Pipeline

from pipeline.artifact.manifest import read_manifest
from pipeline.config.schema import EvaluateConfig, TrainConfig
from pipeline.evidence.baseline import baseline_positive, fit_baseline
from pipeline.evidence.measures import PerModel
from pipeline.evidence.pairs import Pair
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.text.batching import encode
from pipeline.text.reviews import Reviews
from pipeline.text.tokenizer import Tokenizer


class EvaluationContext(NamedTuple):
    """What is evaluated, and on what."""

    train: Reviews
    dev: Reviews
    test: Reviews
    pieces: Tokenizer
    trained: TrainConfig
    model: keras.Model
    baseline: Pipeline

    @classmethod
    def of(cls, config: EvaluateConfig, splits: dict[str, Reviews], tokenize: Path, train: Path) -> "EvaluationContext":
        trained = TrainConfig.model_validate(read_manifest(train).config)
        baseline = fit_baseline(config.baseline, splits["train"])
        return cls(**splits, pieces=Tokenizer(tokenize), trained=trained, model=load(train), baseline=baseline)

    def read(self, texts: list[str]) -> PerModel:
        return {"model": self.read_by_model(texts), "baseline": baseline_positive(self.baseline, texts)}

    def read_by_model(self, texts: list[str]) -> np.ndarray:
        return predict_proba(self.model, encode(self.pieces, texts, self.trained.max_length))

    def read_members(self, pairs: list[Pair]) -> tuple[PerModel, PerModel]:
        return self.read([pair.pos for pair in pairs]), self.read([pair.neg for pair in pairs])

    def count_pieces(self, texts: list[str]) -> np.ndarray:
        counts: np.ndarray = self.pieces.encode(texts).row_lengths().numpy()
        return counts
