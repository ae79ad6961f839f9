"""What the order of words is worth: test with the words of each review shuffled."""

import numpy as np

from pipeline.evidence.baseline import baseline_positive, fit_unigrams
from pipeline.evidence.context import EvaluationContext
from pipeline.evidence.measurement import Measurement, is_correct, subtract

SEED = 1


def measure(context: EvaluationContext) -> list[Measurement]:
    """Measure accuracy on shuffled words, what shuffling costs, and single words by TF-IDF, to which it is nothing."""
    labels, shuffled = context.test.labels, shuffle_words(context.test.texts)
    correct = is_correct(context.predict(shuffled), labels)
    unigrams = fit_unigrams(context.config.baseline, context.train)
    return [
        Measurement("shuffled_accuracy", correct),
        Measurement("shuffled_drop", subtract(context.correct, correct)),
        *(
            Measurement(f"unigram_{name}", is_correct({"baseline": baseline_positive(unigrams, texts)}, labels))
            for name, texts in (("test_accuracy", context.test.texts), ("shuffled_accuracy", shuffled))
        ),
    ]


def shuffle_words(texts: list[str]) -> list[str]:
    """Return each text with its words in random order, the same at every call; a single word stays as it is."""
    rng = np.random.default_rng(SEED)
    return [" ".join(rng.permutation(text.split())) for text in texts]
