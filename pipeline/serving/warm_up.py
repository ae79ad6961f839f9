"""Warm-up requests, in the file of a version that tensorflow/serving replays before it serves it; our service does too.

The first texts that a graph reads cost far more than those after them: TensorFlow optimizes it by then.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

REQUESTS = "assets.extra/tf_serving_warmup_requests"  # a name that tensorflow/serving sets
EXPLAIN = "explain"


class Request(NamedTuple):
    """Texts, and the signature that is to read them."""

    signature: str
    texts: list[bytes]


def choose_requests(texts: Sequence[str]) -> list[Request]:
    """Return requests of texts as they come: the shortest, the middling and the longest alone and all together.

    >>> [(signature, len(texts)) for signature, texts in choose_requests(["b" * n for n in range(100)])]
    [('serving_default', 1), ('serving_default', 1), ('serving_default', 1), ('serving_default', 9), ('explain', 1)]
    """
    ordered = [text.encode() for text in sorted(texts, key=len)]
    several = [ordered[(len(ordered) - 1) * part // 8] for part in range(9)]
    alone = [Request("serving_default", [several[part]]) for part in (0, 4, 8)]
    return [*alone, Request("serving_default", several), Request(EXPLAIN, [several[4]])]


def write_requests(version: Path, name: str, requests: Sequence[Request]) -> None:
    """Write requests for the model `name` into the folder of a version."""
    import tensorflow as tf
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    path = version / REQUESTS
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as records:
        for signature, texts in requests:
            log = PredictionLog()
            request = log.predict_log.request
            request.model_spec.name, request.model_spec.signature_name = name, signature
            request.inputs["text"].CopyFrom(tf.make_tensor_proto(texts, tf.string, [len(texts)]))
            records.write(log.SerializeToString())


def read_requests(version: Path) -> list[Request]:
    """Read the requests of a version; none where it has no such file, or they are for something else than texts."""
    import tensorflow as tf
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    if not (version / REQUESTS).exists():
        return []
    found = []
    for record in tf.data.TFRecordDataset(str(version / REQUESTS)).as_numpy_iterator():
        request = PredictionLog.FromString(record).predict_log.request
        inputs = list(request.inputs.values())
        if len(inputs) == 1 and inputs[0].dtype == tf.string.as_datatype_enum:
            found.append(Request(request.model_spec.signature_name or "serving_default", list(inputs[0].string_val)))
    return found
