"""One seed gives one model, killed on the way or not; training learns."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from pipeline.artifact.files import sha256, visible_files
from pipeline.artifact.manifest import read_manifest
from pipeline.config.schema import Config
from pipeline.layers.recurrent import forward_direction
from pipeline.model.classifier import build_classifier
from pipeline.model.encoder import find_layer
from pipeline.model.fitting import BestWeightsAndResume
from pipeline.support.errors import UserError
from pipeline.text.batching import encode
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer
from pipeline.train import fit

TRAIN = """
import json
import os
import sys
from pathlib import Path
from pipeline import train
from pipeline.model import fitting
from pipeline.config.schema import TrainConfig

def save_and_die(*state):
    save(*state)
    os.kill(os.getpid(), 9)

*inputs, out = map(Path, sys.argv[3:])
out.mkdir(exist_ok=True)
if sys.argv[2] == "killed":
    save, fitting.save_checkpoint = fitting.save_checkpoint, save_and_die
print(json.dumps(train.train(TrainConfig.model_validate_json(sys.argv[1]), *inputs, out)))
"""


class Trained(NamedTuple):
    """`model` is its sha256; `metrics` are without the speed."""

    model: str
    curves: str
    metrics: dict[str, float]


def run(config: Config, seed: int, fate: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    """Train for three epochs in a fresh process, with everything that draws lots; or have it killed after the first."""
    lots = {"dropout": 0.2, "recurrent_dropout": 0.2, "piece_dropout": 0.2, "adversarial_epsilon": 0.05}
    text = config.train.model_copy(update={**lots, "seed": seed, "epochs": 3, "patience": 3}).model_dump_json()
    arguments = [sys.executable, "-c", TRAIN, text, fate, *map(str, folders)]
    return subprocess.run(arguments, check=False, capture_output=True, text=True)


def trained(config: Config, seed: int, *folders: Path) -> Trained:
    done = run(config, seed, "lives", *folders)
    assert done.returncode == 0, done.stderr
    out = folders[-1]
    assert {path.name for path in visible_files(out)} == {"model.keras", "curves.json"}
    metrics = json.loads(done.stdout.splitlines()[-1])
    assert metrics.pop("pieces_per_second") > 0
    return Trained(sha256(out / "model.keras"), (out / "curves.json").read_text("utf-8"), metrics)


@pytest.mark.slow
def test_one_seed_one_model_even_if_it_was_killed_on_the_way(
    config: Config, ingest_folder: Path, tokenize_folder: Path, pretrain_folder: Path, tmp_path: Path
) -> None:
    folders = (ingest_folder, tokenize_folder, pretrain_folder)
    undisturbed = trained(config, 1, *folders, tmp_path / "undisturbed")
    killed = run(config, 1, "killed", *folders, tmp_path / "killed")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [path.name for path in (tmp_path / "killed").iterdir()] == [".checkpoint.npz"]
    assert trained(config, 1, *folders, tmp_path / "killed") == undisturbed
    assert trained(config, 2, *folders, tmp_path / "other").model != undisturbed.model


def test_it_learns_and_keeps_the_best_epoch(train_folder: Path) -> None:
    curves = json.loads((train_folder / "curves.json").read_text("utf-8"))
    metrics = read_manifest(train_folder).metrics
    assert set(curves) == {"accuracy", "log_loss", "dev_accuracy", "dev_log_loss"}
    measured = np.float32(metrics["dev_accuracy"])  # as Keras measured it after each epoch
    assert measured == max(curves["dev_accuracy"]) > 0.9
    assert measured == curves["dev_accuracy"][int(metrics["best_epoch"]) - 1]


def test_a_training_that_diverges_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e30), "mse", metrics=["accuracy"])
    far, zeros = np.full((40, 1), 1e3), np.zeros((40, 1))
    with pytest.raises(UserError, match=r"train: the loss is \w+ after epoch 1: too high a learning rate\?"):
        model.fit(
            far,
            zeros,
            validation_data=(far, zeros),
            callbacks=[BestWeightsAndResume(model, 2, tmp_path / "c.npz")],
            verbose=0,
        )
    assert not list(tmp_path.iterdir())


def test_only_what_learns_is_compiled(
    config: Config, ingest_folder: Path, tokenize_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, end = [], BestWeightsAndResume.on_epoch_end

    def note(callback: BestWeightsAndResume, *arguments: Any) -> None:
        compiled.append(layer.compiled)
        end(callback, *arguments)

    monkeypatch.setattr("pipeline.train.worth_compiling", lambda steps, shapes: True)
    monkeypatch.setattr(BestWeightsAndResume, "on_epoch_end", note)
    tokenizer = Tokenizer(tokenize_folder)
    network = build_classifier(config.train, len(tokenizer.vocabulary))
    layer = forward_direction(find_layer(network, "recurrent_0"))
    reviews = read_reviews(ingest_folder, "dev")
    ids = encode(tokenizer, reviews.texts, 8)  # few shapes, since XLA compiles for each
    splits = [dict.fromkeys(("train", "dev"), of) for of in (ids, reviews.labels)]
    fit(network, config.train.model_copy(update={"epochs": 1}), tokenizer, *splits, tmp_path / "checkpoint.npz")
    assert compiled == [True] and not layer.compiled
