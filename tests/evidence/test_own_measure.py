"""The recipe "Your own measure" is true: two files, and the measure is in table, metrics, report and model card."""

import json
from pathlib import Path

import pytest

from pipeline.artifact.tables import read_table
from pipeline.config.schema import Config
from tests.recipe import Copy

MEASURE = """
import json, sys
from pathlib import Path
import numpy as np
from pipeline.config.overlays import load_config
from pipeline.evaluate import evaluate
from pipeline.report.attribution import Attribution
from pipeline.report.page import write_report
from pipeline.report.prefix_predictions import PrefixPredictions
from pipeline.serving.model_card import write_card
from tests.conftest import SMALL, seal

if __name__ == "__main__":
    ingest, tokenize, pretrain, train, out = map(Path, sys.argv[1:])
    config = load_config("maekrak", "lstm", SMALL + " evaluate.control_pieces=0 evaluate.distances=[0]")
    metrics = evaluate(config.evaluate, ingest, tokenize, train, out)
    seal(out, config, "evaluate", metrics)
    reading = PrefixPredictions("죽인다", np.array([5]), ["▁죽인다"], np.array([0.9]))
    attribution = Attribution(np.array([1.0]), np.array([1.0]), 0.0)
    write_report(out, "maekrak", {"lstm": out}, {"text": reading}, {"text": attribution}, [])
    write_card(out / "MODEL_CARD.md", ingest, pretrain, train, out)
    print(json.dumps(metrics))
"""


@pytest.mark.slow
def test_two_files_bring_a_measure_to_all_that_shows_it(
    tmp_path: Path,
    config: Config,
    ingest_folder: Path,
    tokenize_folder: Path,
    pretrain_folder: Path,
    train_folder: Path,
) -> None:
    copy, ingest, out = Copy(tmp_path), tmp_path / "ingest", tmp_path / "evaluate"
    assert copy.follow("Your own measure") == [
        "pipeline/evidence/measures/last_word.py",
        "pipeline/evidence/registry.py",
    ]
    out.mkdir()
    ingest.mkdir()
    for path in ingest_folder.glob("*.parquet"):
        (ingest / path.name).symlink_to(path)
    splits = {name: {"reviews": 100} for name in ("train", "dev", "test")}
    (ingest / "report.json").write_text(json.dumps({"origin": "a test", "sources": {}, "splits": splits}))
    printed = copy.run(MEASURE, ingest, tokenize_folder, pretrain_folder, train_folder, out)
    metrics = json.loads(printed.splitlines()[-1])
    names = [row["measure"] for row in read_table(out / "evidence.tsv")]
    shuffled = names.index("shuffled_drop")
    assert names[shuffled + 1 : shuffled + 3] == ["last_word_accuracy", "last_word_drop"]
    rows = {row["measure"]: row for row in read_table(out / "evidence.tsv")}
    assert rows["last_word_drop"]["gain_low"] and rows["last_word_accuracy"]["count"] == "100"
    for name in ("last_word_accuracy", "baseline_last_word_accuracy", "last_word_drop"):
        assert name in metrics
    page = (out / "report.html").read_text("utf-8")
    assert "Accuracy given the last word" in page and "마지막 낱말만 주었을 때" in page
    card = (out / "MODEL_CARD.md").read_text("utf-8")
    assert f"| Accuracy given the last word | {metrics['last_word_accuracy']:.4f} |" in card
    assert "what the other words add" not in card
