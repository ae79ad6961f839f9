"""The gates that are drawn are those by which the layer computes."""

from pathlib import Path

import numpy as np

from pipeline.config.schema import Config
from pipeline.model.classifier import build_classifier
from pipeline.model.encoder import find_layer
from pipeline.model.saving import load
from pipeline.report.gates import draw_gates, trace_gates
from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.text.tokenizer import Tokenizer

IDS = np.arange(5, 12)


def test_gates_replay_the_layer(train_folder: Path) -> None:
    model = load(train_folder)
    gates = trace_gates(model, IDS)
    assert set(gates) == {"c", "input", "forget", "candidate", "output"}
    c = np.zeros(gates["input"].shape[1])
    for n in range(len(IDS)):
        c = gates["forget"][n] * c + gates["input"][n] * gates["candidate"][n]
        np.testing.assert_allclose(gates["c"][n], c, atol=1e-5)
    states = find_layer(model, "recurrent_0")(model.get_layer("embedding")(IDS[None]))
    np.testing.assert_allclose(gates["output"][-1] * np.tanh(c), states[0, -1, : len(c)], atol=1e-5)


def test_a_cell_without_gates_has_none(config: Config, tokenize_folder: Path) -> None:
    vocabulary = len(Tokenizer(tokenize_folder).vocabulary)
    assert trace_gates(build_classifier(config.train.model_copy(update={"cell": "vanilla"}), vocabulary), IDS) == {}


def test_a_memory_larger_than_one_is_drawn(tmp_path: Path) -> None:
    reading = PrefixPredictions("죽", IDS, ["▁죽"] * len(IDS), np.zeros(len(IDS)))
    draw_gates(tmp_path / "c.png", reading, {"c": np.linspace(-9, 9, len(IDS))[:, None]})
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
