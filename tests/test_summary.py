"""The summary names what was made, and what to type next."""

import json
from pathlib import Path

import pytest

from pipeline.summary import summary


def test_a_preset_is_named_in_every_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    texts = {"text": "죽인다", "against": "시간만 죽인다"}
    metrics = {"explain_text_positive": 0.9, "explain_against_positive": 0.1, "slice_reviews": 0, "pairs": 0}
    for stage in ("evaluate", "explain"):
        folder = tmp_path / "nsmc" / "gru-quick" / stage
        folder.mkdir(parents=True)
        sealed = {"stage": stage, "data": "nsmc", "model": "gru-quick", "config": texts, "metrics": metrics}
        rest = {"inputs": {}, "code": {}, "outputs": {}, "seconds": 0, "run_id": ""}
        (folder / "manifest.json").write_text(json.dumps(sealed | rest), "utf-8")
    summary(tmp_path, "nsmc", "gru", "quick")
    said = capsys.readouterr().out
    assert "\nnsmc, gru-quick\n" in said
    assert f"{tmp_path / 'nsmc' / 'gru-quick' / 'explain' / 'report.html'}\n" in said
    assert 'next: make predict DATA=nsmc CELL=gru PRESET=quick TEXT="..."' in said
    assert "make all DATA=nsmc CELL=lstm PRESET=quick, then make compare DATA=nsmc" in said
