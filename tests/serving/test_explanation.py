"""The signature `explain` says of a text what the report says of it, whatever the cell; no export asks for XLA."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.overlays import load_config
from pipeline.model.classifier import build_classifier
from pipeline.report.attribution import occlusion
from pipeline.report.gates import trace_gates
from pipeline.report.prefix_predictions import read_prefixes
from pipeline.serving.explanation import Explanation
from pipeline.serving.graph import Serving
from pipeline.text.tokenizer import Tokenizer
from tests.conftest import SMALL

TEXTS = ["배우들 연기가 정말 좋았다", "별로", "결말이 너무 지루했다 12번"]


@pytest.mark.parametrize(
    "cell",
    ["lstm", *(pytest.param(cell, marks=pytest.mark.slow) for cell in ("gru", "vanilla", "min_lstm", "peephole"))],
)
def test_it_says_what_the_report_says(cell: str, tokenize_folder: Path) -> None:
    keras.utils.set_random_seed(1)  # which forgets tokenizers that were there before
    tokenizer = Tokenizer(tokenize_folder)
    model = build_classifier(load_config("maekrak", cell, SMALL).train, len(tokenizer.vocabulary))
    model.set_weights([5 * weights for weights in model.get_weights()])
    serving = Serving(tokenizer, model, 6)
    explanation = Explanation(serving, model)
    for texts in ([], [b""], [b"\xff\xfe", b"", b"\0"]):  # whatever it is, there is an answer
        some = explanation(tf.constant(texts, tf.string, shape=[len(texts)]))
        assert {value.shape[0] for value in some.values()} == {len(texts)}
        assert all(np.isfinite(value).all() for value in some.values() if value.dtype == tf.float32)
    found = {name: value.numpy() for name, value in explanation(tf.constant(TEXTS)).items()}
    odd = tf.constant([b"\xff\xfe", b"a\xffb", b"\0"])
    np.testing.assert_allclose(explanation(odd)["positive"], serving(odd)["positive"], atol=1e-5)
    for row, text in enumerate(TEXTS):
        reading = read_prefixes(model, tokenizer, text, 6)
        count = len(reading.pieces)
        assert [piece.decode() for piece in found["pieces"][row]][:count] == reading.pieces
        assert all(piece == b"" for piece in found["pieces"][row][count:])
        np.testing.assert_allclose(found["after"][row][:count], reading.positive, atol=1e-5)
        np.testing.assert_allclose(found["positive"][row], reading.positive[-1], atol=1e-5)
        np.testing.assert_allclose(found["attribution"][row][:count], occlusion(model, reading.ids), atol=1e-4)
        gates = trace_gates(model, reading.ids)
        assert {f"gate_{name}" for name in gates} == {name for name in found if name.startswith("gate_")}
        for name, values in gates.items():
            most = np.argsort(-values.var(axis=0), kind="stable")
            np.testing.assert_allclose(np.sort(found[f"gate_{name}"][row][:count]), np.sort(values[:, most]), atol=1e-5)


def test_the_loader_of_tensorflow_serving_finds_every_weight(versions: Path) -> None:
    """That server runs the graph in a session and restores the checkpoint by an op of it, unlike saved_model.load."""
    signature: Any = tf.saved_model.load(str(versions / "7")).signatures["serving_default"]
    expected = signature(text=tf.constant(TEXTS))["positive"].numpy()
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        saved = tf.compat.v1.saved_model.load(session, ["serve"], str(versions / "7"))
        for name in ("serving_default", "explain"):
            found = saved.signature_def[name]
            positive, text = found.outputs["positive"].name, found.inputs["text"].name
            np.testing.assert_allclose(session.run(positive, {text: TEXTS}), expected, atol=1e-5)


def test_a_version_holds_the_weights_once_and_nothing_of_training(versions: Path) -> None:
    saved = tf.train.load_checkpoint(str(versions / "7" / "variables" / "variables"))
    names = [name for name in saved.get_variable_to_shape_map() if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    loaded: Any = tf.saved_model.load(str(versions / "7"))
    assert len(names) == len(loaded.weights)


def test_no_graph_asks_for_xla(versions: Path) -> None:
    signatures: Any = tf.saved_model.load(str(versions / "7")).signatures
    for signature in signatures.values():
        graph = signature.graph.as_graph_def()
        fields = {field.name: value for field, value in graph.ListFields()}
        functions = fields["library"].function
        nodes = [*graph.node, *(node for function in functions for node in function.node_def)]
        assert not [node.op for node in nodes if "Xla" in node.op]
        assert not [f.signature.name for f in functions if f.attr["_XlaMustCompile"].b]
        assert not [node.name for node in nodes if node.attr["_XlaMustCompile"].b]
        assert {node.device for node in nodes} == {""}  # nor for a device that another machine may lack
