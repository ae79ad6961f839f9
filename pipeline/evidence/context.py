"""What all measures share: the splits, the tokenizer, both models, and what more than one of them asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from sklearn.pipeline import Pipeline

from pipeline.artifact.manifest import read_manifest
from pipeline.config.schema import EvaluateConfig, TrainConfig
from pipeline.evidence.baseline import baseline_positive, fit_baseline
from pipeline.evidence.behaviour import Case, read_cases
from pipeline.evidence.measurement import PerModel, is_correct
from pipeline.evidence.pairs import Pair
from pipeline.evidence.phrases import Phrase, phrases_per_text
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.text.batching import encode
from pipeline.text.reviews import Reviews
from pipeline.text.tokenizer import Tokenizer


@dataclass(frozen=True, eq=False)
class EvaluationContext:
    """The splits, the tokenizer and both models under evaluation. What is derived from them is computed once.

    Attributes:
        pairs: the minimal pairs of which the model has learnt from no text.
        await_phrases: returns the ambiguous phrases of train, which are mined meanwhile, as soon as they are there.
        tokenize: the artifact that the tokenizer was loaded from. trained: what the model was trained with.
    """

    config: EvaluateConfig
    train: Reviews
    dev: Reviews
    test: Reviews
    pairs: list[Pair]
    await_phrases: Callable[[], list[Phrase]]
    tokenize: Path
    tokenizer: Tokenizer
    trained: TrainConfig
    model: keras.Model
    baseline: Pipeline

    @classmethod
    def load(
        cls,
        config: EvaluateConfig,
        splits: dict[str, Reviews],
        pairs: list[Pair],
        await_phrases: Callable[[], list[Phrase]],
        tokenize: Path,
        train: Path,
    ) -> "EvaluationContext":
        """Load the model, its tokenizer and what it was trained with, and fit the baseline."""
        return cls(
            config=config,
            **splits,
            pairs=pairs,
            await_phrases=await_phrases,
            tokenize=tokenize,
            tokenizer=Tokenizer(tokenize),
            trained=TrainConfig.model_validate(read_manifest(train).config),
            model=load(train),
            baseline=fit_baseline(config.baseline, splits["train"]),
        )

    @property
    def max_length(self) -> int:
        """How many pieces of a text the model reads: its last ones."""
        return self.trained.max_length

    @cached_property
    def on_test(self) -> PerModel:
        """The probability of positive of each review of test."""
        return self.predict(self.test.texts)

    @cached_property
    def correct(self) -> PerModel:
        """Whether each review of test is predicted correctly."""
        return is_correct(self.on_test, self.test.labels)

    @cached_property
    def on_pairs(self) -> tuple[PerModel, PerModel]:
        """The probability of positive of the good and of the bad members of the minimal pairs."""
        return self.predict_pairs(self.pairs)

    @cached_property
    def on_phrases_alone(self) -> PerModel:
        """The probability of positive of the phrase of each minimal pair, with no context."""
        return self.predict([pair.phrase for pair in self.pairs])

    @cached_property
    def cases(self) -> list[Case]:
        """The cases of the behavioural suite."""
        return read_cases(self.config.behaviour)

    @cached_property
    def on_cases(self) -> tuple[PerModel, PerModel]:
        """The probability of positive of each case, and of the text before its change; the same where none is made."""
        texts = [case.text for case in self.cases], [case.before or case.text for case in self.cases]
        return self.predict(texts[0]), self.predict(texts[1])

    @cached_property
    def phrases(self) -> list[Phrase]:
        """The ambiguous phrases of train."""
        return self.await_phrases()

    @cached_property
    def phrases_per_text(self) -> list[list[Phrase]]:
        """The ambiguous phrases that each review of test holds."""
        return phrases_per_text(self.test.texts, self.phrases)

    def predict(self, texts: list[str]) -> PerModel:
        """Return the probability of positive of each text, by both models."""
        return {"model": self.predict_by_model(texts), "baseline": self.predict_by_baseline(texts)}

    def predict_by_model(self, texts: list[str]) -> np.ndarray:
        """Return the model's probability of positive of each text."""
        return predict_proba(self.model, encode(self.tokenizer, texts, self.max_length))

    def predict_by_baseline(self, texts: list[str]) -> np.ndarray:
        """Return the baseline's probability of positive of each text."""
        return baseline_positive(self.baseline, texts)

    def predict_pairs(self, pairs: list[Pair]) -> tuple[PerModel, PerModel]:
        """Return the probability of positive of the good and of the bad members."""
        return self.predict([pair.pos for pair in pairs]), self.predict([pair.neg for pair in pairs])

    def count_pieces(self, texts: list[str]) -> np.ndarray:
        """Return how many pieces each text has, however many of them the model reads."""
        counts: np.ndarray = self.tokenizer.encode(texts).row_lengths().numpy()
        return counts
