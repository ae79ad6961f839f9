"""The Makefile and the package tell of the same stages and the same edges."""

import ast
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from pipeline.config.names import DATA_STAGES, STAGES

PACKAGE = Path(__file__).parent.parent / "pipeline"
MAKEFILE = (Path(__file__).parent.parent / "Makefile").read_text("utf-8")
MANIFESTS = re.findall(r"^([A-Z]+) := \$\((\w+)\)/(\w+)/manifest\.json$", MAKEFILE, flags=re.MULTILINE)
RULES = re.findall(r"^\$\(([A-Z]+)\): \$\((\w+)\)/(\w+)\.json(.*)$", MAKEFILE, flags=re.MULTILINE)
PHONY = set(" ".join(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)).split())


def folder(stage: str) -> str:
    return "DATA_DIR" if stage in DATA_STAGES else "MODEL_DIR"


def test_manifests_are_in_the_stages_folders() -> None:
    assert [(stage.upper(), folder(stage), stage) for stage in STAGES] == MANIFESTS


def test_targets_are_modules_are_sections() -> None:
    phony = re.findall(r"^(\w+): \$\(([A-Z]+)\) ## ", MAKEFILE, flags=re.MULTILINE)
    phony = [(target, made) for target, made in phony if made != "INSTALLED"]
    assert phony == [(stage, stage.upper()) for stage in STAGES]
    assert [rule[:3] for rule in RULES] == [(stage.upper(), folder(stage), stage) for stage in STAGES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[2])
def test_edges_are_parameters(rule: tuple[str, str, str, str]) -> None:
    _, _, stage, prerequisites = rule
    tree = ast.parse((PACKAGE / f"{stage}.py").read_bytes())  # not imported: TensorFlow takes seconds
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == stage]
    reads = [name.lower() for name in re.findall(r"\$\((\w+)\)", prerequisites)]
    assert [argument.arg for argument in function.args.args] == ["config", *reads, "out"]


def test_help_names_every_target() -> None:
    shown, alone = make("help"), make()
    assert shown.returncode == alone.returncode == 0
    named = set(re.findall(r"^  make ([a-z-]+) ", shown.stdout, flags=re.MULTILINE))
    assert named == PHONY - {"plans"}
    assert alone.stdout == shown.stdout


def test_a_target_that_is_no_file_is_phony() -> None:
    named = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    assert named == PHONY


def test_a_changed_plan_is_noticed_at_once_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    made = "mkdir -p $(dir $@) && touch $@ && echo $$1 >&2"
    run = f'f() {{ if [ $$1 = plan ]; then .venv/bin/python -m pipeline "$$@"; else {made}; fi; }}; f'

    def ran(*given: str) -> list[str]:
        done = make("train", f"RUN={run}", f"ARTIFACTS={tmp_path}", *given)
        assert done.returncode == 0, done.stderr
        return done.stderr.split()

    assert ran() == ["ingest", "tokenize", "pretrain", "train"]
    assert ran() == []
    assert ran("SET=train.epochs=9") == ["train"]
    assert ran("SET=train.epochs=9") == []


def test_make_within_make_takes_its_jobs_from_the_outer_one(tmp_path: Path) -> None:
    done = make("--dry-run", "notebooks", f"ARTIFACTS={tmp_path}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("hears_interrupts")
def test_a_manifest_outlives_an_interrupt_of_what_made_it(tmp_path: Path) -> None:
    # The stage's stand-in puts its manifest in place, then is interrupted with all of make, as by Ctrl-C.
    run = "f() { if [ $$1 != plan ]; then mkdir -p $(dir $@) && touch $@ && kill -INT 0 && sleep 5; fi; }; f"
    done = make("ingest", f"RUN={run}", f"ARTIFACTS={tmp_path}", start_new_session=True)
    assert done.returncode != 0
    assert (tmp_path / "maekrak" / "ingest" / "manifest.json").exists(), done.stderr


def test_artifacts_with_a_space_are_one_line() -> None:
    failed = make("help", "ARTIFACTS=my artifacts")
    assert failed.returncode != 0
    assert "ARTIFACTS=my artifacts: must be one path without spaces" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_only_tracking_imports_mlflow() -> None:
    importing = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(import|from) mlflow\b", path.read_text("utf-8"), flags=re.MULTILINE)
    }
    assert importing == {"tracking/store.py", "tracking/stages.py", "serving/registered.py"}


TYPED = "배우들 \"연기가\" $HOME $(x) 'x' a=b --c `죽인다`\\"


@pytest.mark.parametrize(
    ("goal", "given", "explained"),
    [
        ("explain", {"TEXT": TYPED, "AGAINST": "시간만 죽인다"}, {"text": TYPED, "against": "시간만 죽인다"}),
        (
            "explain",
            {"AGAINST": TYPED, "SET": "explain.text=하나 explain.against=둘"},
            {"text": "하나", "against": TYPED},
        ),
        ("export", {"TEXT": TYPED}, {"text": "배우들 연기가 진짜 죽인다!", "against": "두 시간 동안 시간만 죽인다!"}),
    ],
)
def test_own_texts_reach_the_plan_of_explain_as_typed(
    goal: str, given: dict[str, str], explained: dict[str, str], tmp_path: Path
) -> None:
    done = make_plans(tmp_path, goal, given)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines() if "--own-texts" in line] == (
        list(STAGES[:6]) if goal == "explain" else []
    )
    config = json.loads((tmp_path / "maekrak" / "lstm" / "explain.json").read_text("utf-8"))["config"]
    assert {name: config[name] for name in explained} == explained


def test_a_preset_has_its_own_model_of_the_same_data(tmp_path: Path) -> None:
    done = make_plans(tmp_path, "export", {"PRESET": "quick"})
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "maekrak").iterdir()} == {"ingest.json", "tokenize.json", "lstm-quick"}
    train = json.loads((tmp_path / "maekrak" / "lstm-quick" / "train.json").read_text("utf-8"))
    assert (train["model"], train["config"]["cell"]) == ("lstm-quick", "lstm")
    before = (tmp_path / "maekrak" / "ingest.json").stat().st_mtime_ns
    assert make_plans(tmp_path, "export", {}).returncode == 0  # one left in the environment is not read
    assert json.loads((tmp_path / "maekrak" / "lstm" / "train.json").read_text("utf-8"))["model"] == "lstm"
    assert (tmp_path / "maekrak" / "ingest.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("given", [{"TEXT": ""}, {"AGAINST": ""}])
def test_an_empty_text_is_one_line(given: dict[str, str], tmp_path: Path) -> None:
    ((name, text),) = given.items()
    failed = make_plans(tmp_path, "explain", given)
    assert failed.returncode != 0
    line = f"error: {name}: explain.{name.lower()}: {text!r}: value error, must not be blank"
    assert [said for said in failed.stderr.splitlines() if not said.startswith("make")] == [line]


def test_a_stage_hears_the_values_of_its_own_command(tmp_path: Path) -> None:
    done = make_plans(tmp_path, "evaluate", {"SET": "train.seed=2", "CELL": "gru", "TEXT": "하나"})
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == [*STAGES[:5]]
    chosen = f"--artifacts {tmp_path} --data maekrak --cell gru --preset  --set train.seed=2"
    assert all(chosen in line and "--own-texts" not in line for line in done.stderr.splitlines())
    assert f"train {chosen}" in done.stderr


def make_plans(artifacts: Path, goal: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run make with the plans written for real, and of all stages what they are called with on standard error."""
    run = 'f() { if [ $$1 = plan ]; then .venv/bin/python -m pipeline "$$@"; else echo "$$@"; fi; }; f'
    assignments = [f"{name}={value}" for name, value in {"RUN": run, "ARTIFACTS": str(artifacts), **given}.items()]
    return make(goal, *assignments)


def make(*arguments: str, **options: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"TEXT": "left over", "AGAINST": "left over", "PRESET": "left over"},
        check=False,
        capture_output=True,
        text=True,
        **options,
    )


def test_no_script_is_called_that_holds_the_path_of_its_installation() -> None:
    assert set(re.findall(r"\$\(VENV\)/bin/(\S+)", MAKEFILE)) == {"python"}
