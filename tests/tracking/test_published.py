"""Published accuracies are in percent and have a source, and no stage is made from them."""

import pytest

from pipeline.config.names import STAGES
from pipeline.config.overlays import load_config
from pipeline.orchestration.plan import make_plan
from pipeline.tracking.published import read_published


def test_figures_are_in_percent_and_have_a_source() -> None:
    entries = read_published("nsmc")
    assert entries and all(50 < entry.accuracy < 100 and entry.label and entry.source for entry in entries)


def test_a_data_set_without_the_file_has_none() -> None:
    assert read_published("imdb_reviews") == []


def test_an_edit_to_them_reruns_no_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSMC_DIR", raising=False)
    config = load_config("nsmc", "lstm")
    code = {path for stage in STAGES for path in make_plan(stage, config, "nsmc", "lstm").code}
    assert not any(path.startswith("pipeline/tracking/published/") or "accuracy_figure" in path for path in code)
