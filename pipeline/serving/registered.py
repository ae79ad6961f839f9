"""The SavedModel as an MLflow model. MLflow logs this file as it is and runs it wherever the model is loaded."""

from typing import Any

import mlflow

BATCH = 256  # texts read at once: bounds the memory


class Sentiment(mlflow.pyfunc.PythonModel):
    """Texts in, the probability of positive for each out."""

    def load_context(self, context: Any) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops that the model is made of

        self.model = tf.saved_model.load(context.artifacts["saved_model"])

    def predict(self, context: Any, model_input: list[str], params: dict[str, Any] | None = None) -> list[float]:
        import tensorflow as tf

        serve = self.model.signatures["serving_default"]
        batches = [model_input[start : start + BATCH] for start in range(0, len(model_input), BATCH)]
        return [p for batch in batches for p in serve(text=tf.constant(list(batch)))["positive"].numpy().tolist()]


mlflow.models.set_model(Sentiment())
