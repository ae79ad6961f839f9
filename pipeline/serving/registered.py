"""The SavedModel as an MLflow model.

MLflow copies this file into its store and runs it where the model is loaded, so it imports nothing of this package.
"""

from typing import Any

import mlflow

BATCH = 256  # texts in a batch: bounds the memory


class Sentiment(mlflow.pyfunc.PythonModel):
    """Predict the probability of positive for each text."""

    def load_context(self, context: Any) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops of the tokenizer

        self.model = tf.saved_model.load(context.artifacts["saved_model"])

    def predict(self, context: Any, model_input: list[str], params: dict[str, Any] | None = None) -> list[float]:
        """Return the probability of positive for each text. MLflow passes `context` and `params`; both are unused."""
        import tensorflow as tf

        serve = self.model.signatures["serving_default"]
        batches = [model_input[start : start + BATCH] for start in range(0, len(model_input), BATCH)]
        return [p for batch in batches for p in serve(text=tf.constant(list(batch)))["positive"].numpy().tolist()]


mlflow.models.set_model(Sentiment())
