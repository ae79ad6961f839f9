"""The SavedModel as an MLflow model.

MLflow copies this file into its store and runs it where the model is loaded, so it imports nothing of this package.
"""

from typing import Any

import mlflow

BATCH = 256  # texts in a batch: bounds the memory


class Reader:
    """Predict the probability of positive for each text."""

    def load_context(self, context: Any) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops of the tokenizer

        self.model = tf.saved_model.load(context.artifacts["saved_model"])

    def predict(self, context: Any, model_input, params: dict[str, Any] | None = None) -> list[float]:  # type: ignore[no-untyped-def]
        """Return the probability of positive for each text. MLflow passes `context` and `params`; both are unused.

        Args:
            model_input: texts as a list, an array or a series, or those in the column `text`, or the only one, of a
                dict or a DataFrame. Without a type: of one that is a list MLflow would take nothing but lists.
        """
        import tensorflow as tf

        serve, texts = self.model.signatures["serving_default"], texts_of(model_input)
        batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        return [p for batch in batches for p in serve(text=tf.constant(batch))["positive"].numpy().tolist()]


class Sentiment(Reader, mlflow.pyfunc.PythonModel):
    """The same for MLflow, which would warn of a `predict` without types in a class of its own."""


def texts_of(given: Any) -> list[str]:
    """Return the texts of whatever MLflow hands on.

    >>> texts_of(["a"]), texts_of({"text": ["a", "b"]}), texts_of({"review": "a"}), texts_of("a")
    (['a'], ['a', 'b'], ['a'], ['a'])

    Raises:
        ValueError: if it holds something else than texts, or several columns and none is called `text`.
    """
    if isinstance(given, dict) or hasattr(given, "columns"):
        names = list(given)
        if "text" not in names and len(names) != 1:
            raise ValueError(f"needs a column text, or one alone; it has {names}")
        given = given["text" if "text" in names else names[0]]
    given = given.tolist() if hasattr(given, "tolist") else given
    texts = [given] if isinstance(given, str) else list(given)
    texts = [text[0] if isinstance(text, list) and len(text) == 1 else text for text in texts]  # rows of one column
    if wrong := [text for text in texts if not isinstance(text, str)]:
        raise ValueError(f"needs texts; it has {type(wrong[0]).__name__}")
    return texts


mlflow.models.set_model(Sentiment())
