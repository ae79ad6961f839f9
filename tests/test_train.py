"""One seed gives one model; training learns."""

import json
import subprocess
import sys
from pathlib import Path

from pipeline.config import Config
from pipeline.manifest import read_manifest, sha256

TRAIN = """
import sys
from pathlib import Path
from pipeline.config import TrainConfig
from pipeline.train import train
ingest, tokenize, pretrain, out = map(Path, sys.argv[2:])
out.mkdir()
train(TrainConfig.model_validate_json(sys.argv[1]), ingest, tokenize, pretrain, out)
"""


def weights(config: Config, inputs: tuple[Path, ...], out: Path, seed: int) -> str:
    """sha256 of the model that a fresh process trains."""
    text = config.train.model_copy(update={"seed": seed, "piece_dropout": 0.2, "epochs": 1}).model_dump_json()
    arguments = [sys.executable, "-c", TRAIN, text, *map(str, inputs), str(out)]
    subprocess.run(arguments, check=True, capture_output=True)
    return sha256(out / "model.keras")


def test_one_seed_one_model(
    config: Config, ingest_folder: Path, tokenize_folder: Path, pretrain_folder: Path, tmp_path: Path
) -> None:
    inputs = (ingest_folder, tokenize_folder, pretrain_folder)
    first, again, other = (
        weights(config, inputs, tmp_path / name, seed) for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again
    assert first != other


def test_it_learns_and_keeps_the_best_epoch(train_folder: Path) -> None:
    curves = json.loads((train_folder / "curves.json").read_text("utf-8"))
    metrics = read_manifest(train_folder).metrics
    assert set(curves) == {"accuracy", "log_loss", "dev_accuracy", "dev_log_loss"}
    assert metrics["dev_accuracy"] == max(curves["dev_accuracy"]) > 0.9
    assert metrics["dev_accuracy"] == curves["dev_accuracy"][int(metrics["best_epoch"]) - 1]
