"""A plan changes with what its stage is made from, and with nothing else."""

from pathlib import Path

import pytest

from pipeline.config.names import STAGES
from pipeline.config.overlays import load_config
from pipeline.orchestration.plan import make_plan, write_plans
from pipeline.support.errors import UserError


@pytest.fixture(autouse=True)
def no_local_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSMC_DIR", raising=False)


def code(stage: str, data: str = "maekrak", cell: str = "lstm") -> set[str]:
    return set(make_plan(stage, load_config(data, cell), data, cell).code)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_s_own_module_is_its_code(stage: str) -> None:
    assert f"pipeline/{stage}.py" in code(stage)


def test_code_holds_what_is_imported_and_what_the_config_names() -> None:
    assert {
        "pipeline/model/classifier.py",
        "pipeline/text/batching.py",
        "pipeline/cells/lstm.py",
        "pipeline/layers/cell.py",
    } <= code("train")
    assert {"pipeline/evidence/baseline.py", "pipeline/evidence/pairs/ko.yaml", "pipeline/cells/lstm.py"} <= code(
        "evaluate"
    )
    assert "pipeline/datasets/maekrak/phrases.yaml" in code("ingest")
    assert {"pipeline/report/page.py", "pipeline/report/page.html"} <= code("explain")


def test_code_holds_nothing_of_other_choices_and_stages() -> None:
    assert not code("train") & {
        "pipeline/cells/gru.py",
        "pipeline/evaluate.py",
        "pipeline/ingest.py",
        "pipeline/config/schema.py",
    }
    assert not any("maekrak/" in path for path in code("ingest", data="nsmc"))
    assert "pipeline/evidence/pairs/en.yaml" not in code("evaluate")


def test_unchanged_plans_keep_their_timestamps(tmp_path: Path) -> None:
    write_plans(load_config("maekrak", "lstm"), "maekrak", "lstm", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert {path.stem for path in before} == set(STAGES)
    write_plans(load_config("maekrak", "lstm", "train.epochs=9"), "maekrak", "lstm", tmp_path)
    changed = {path.stem for path in before if path.stat().st_mtime_ns != before[path]}
    assert changed == {"train"}


def test_pretrain_is_made_for_a_network_if_it_has_an_objective(tmp_path: Path) -> None:
    def pretrain(overrides: str) -> str:
        return make_plan("pretrain", load_config("maekrak", "lstm", overrides), "maekrak", "lstm").model_dump_json()

    assert pretrain("train.units=[8]") == pretrain("train.units=[9]")
    learns = "pretrain.objective=language_model train.units="
    assert pretrain(f"{learns}[8]") != pretrain(f"{learns}[9]")
    assert pretrain(f"{learns}[8] train.epochs=1") == pretrain(f"{learns}[8] train.epochs=2")


def test_local_files_are_part_of_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSMC_DIR", str(tmp_path))
    (tmp_path / "ratings_train.txt").write_text("one")
    one = make_plan("ingest", load_config("nsmc", "lstm"), "nsmc", "lstm")
    (tmp_path / "ratings_train.txt").write_text("two")
    two = make_plan("ingest", load_config("nsmc", "lstm"), "nsmc", "lstm")
    assert one.sources.keys() == two.sources.keys() == {"ratings_train.txt"}
    assert one.sources != two.sources


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSMC_DIR", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"NSMC_DIR=.*gone: no such folder"):
        make_plan("ingest", load_config("nsmc", "lstm"), "nsmc", "lstm")


def test_rewritten_reviews_are_part_of_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config("imdb_reviews", "lstm")
    monkeypatch.setenv("COUNTERFACTUAL_IMDB_DIR", str(tmp_path))
    (tmp_path / "dev_paired.tsv").write_text("one")
    one = make_plan("evaluate", config, "imdb_reviews", "lstm")
    (tmp_path / "dev_paired.tsv").write_text("two")
    two = make_plan("evaluate", config, "imdb_reviews", "lstm")
    assert set(one.sources) == {"dev_paired.tsv"} and one.sources != two.sources
    assert make_plan("evaluate", load_config("nsmc", "lstm"), "nsmc", "lstm").sources == {}
    monkeypatch.setenv("COUNTERFACTUAL_IMDB_DIR", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"COUNTERFACTUAL_IMDB_DIR=.*gone: no such folder"):
        make_plan("evaluate", config, "imdb_reviews", "lstm")


@pytest.mark.parametrize("stage", ["pretrain", "train"])
def test_a_name_without_a_file_is_refused(stage: str) -> None:
    with pytest.raises(UserError, match=r"^train.cell: 'nope' is not there; allowed: coupled, gru, .*, vanilla"):
        make_plan(stage, load_config("maekrak", "lstm", "train.cell=nope"), "maekrak", "lstm")
