"""The summary names what was made, and what to type next."""

import json
from pathlib import Path

import pytest

from pipeline.artifact.tables import write_table
from pipeline.evidence.registry import MEASURES, Measure, Title
from pipeline.summary import summary


def write_sealed(root: Path, measured: dict[str, float]) -> None:
    texts = {"text": "죽인다", "against": "시간만 죽인다"}
    metrics = {"explain_text_positive": 0.9, "explain_against_positive": 0.1, "slice_reviews": 0, "pairs": 7} | measured
    for stage in ("evaluate", "explain"):
        folder = root / "nsmc" / "gru-quick" / stage
        folder.mkdir(parents=True)
        sealed = {"stage": stage, "data": "nsmc", "model": "gru-quick", "config": texts, "metrics": metrics}
        rest = {"inputs": {}, "code": {}, "libraries": {}, "outputs": {}, "seconds": 0, "run_id": ""}
        (folder / "manifest.json").write_text(json.dumps(sealed | rest), "utf-8")
    write_pairs(root, 0.6, 0.9)


def write_pairs(root: Path, baseline_praise: float, baseline_blame: float) -> None:
    columns = [f"{who}{of}_positive" for who in ("", "baseline_") for of in ("pos", "neg", "alone")]
    positive = [0.96, 0.04, 0.52, baseline_praise, baseline_blame, 0.7]
    row = ["lexical", "죽인다", *positive, "연기가 죽인다", "시간만 죽인다"]
    pairs = root / "nsmc" / "gru-quick" / "evaluate" / "pairs.tsv"
    write_table(pairs, ["category", "phrase", *columns, "pos", "neg"], [row])


def test_a_preset_is_named_in_every_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_sealed(tmp_path, {})
    summary(tmp_path, "nsmc", "gru", "quick")
    said = capsys.readouterr().out
    assert "\nnsmc, gru-quick\n" in said
    assert f"{tmp_path / 'nsmc' / 'gru-quick' / 'explain' / 'report.html'}\n" in said
    assert 'next: make predict DATA=nsmc CELL=gru PRESET=quick TEXT="..."' in said
    assert "make all DATA=nsmc CELL=lstm PRESET=quick, then make compare DATA=nsmc" in said


def test_it_shows_what_the_registry_says_with_the_baseline_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Measure("share", Title("My own", "내 것"), summary=True)
    monkeypatch.setitem(MEASURES, "my_accuracy", mine)
    both = {"pair_consistency": 0.5, "baseline_pair_consistency": 0.25}
    write_sealed(tmp_path, both | {"my_accuracy": 1.0, "pair_order_ranked": 0.75, "baseline_pair_order_ranked": 0.5})
    summary(tmp_path, "nsmc", "gru", "quick")
    shown = capsys.readouterr().out.splitlines()
    assert shown[2:5] == [
        "  Minimal pairs, both members right  50.0%   baseline  25.0%   (7 pairs)",
        "  My own                            100.0%",
        "",
    ]


def test_it_ends_with_a_phrase_alone_and_in_two_contexts(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_sealed(tmp_path, {})
    summary(tmp_path, "nsmc", "gru", "quick")
    assert (
        """
  positive   network   baseline
  alone          52%        70%   죽인다
  in praise      96%        60%   연기가 죽인다
  in blame        4%        90%   시간만 죽인다
  (chosen from 1 of 1 pairs: the network has both right, the baseline has not)
"""
        in capsys.readouterr().out
    )


def test_where_counting_does_as_well_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_sealed(tmp_path, {})
    write_pairs(tmp_path, 0.6, 0.1)
    summary(tmp_path, "nsmc", "gru", "quick")
    assert (
        """
  positive  90%   죽인다
  positive  10%   시간만 죽인다
  (none of the 1 pairs is read rightly by the network and wrongly by the baseline)
"""
        in capsys.readouterr().out
    )
