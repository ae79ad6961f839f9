"""The SavedModel as an MLflow model. MLflow logs this file as it is and runs it wherever the model is loaded."""

from typing import Any

import mlflow


class Sentiment(mlflow.pyfunc.PythonModel):
    """Texts in, the probability of positive for each out."""

    def load_context(self, context: Any) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops that the model is made of

        self.model = tf.saved_model.load(context.artifacts["saved_model"])

    def predict(self, context: Any, model_input: list[str], params: dict[str, Any] | None = None) -> list[float]:
        import tensorflow as tf

        texts = tf.constant(list(model_input), tf.string)
        return self.model.signatures["serving_default"](text=texts)["positive"].numpy().tolist()


mlflow.models.set_model(Sentiment())
