"""The command line: what needs no heavy library imports none, so that it answers at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.__main__ import main
from pipeline.artifact.files import PACKAGE
from pipeline.artifact.manifest import Manifest
from pipeline.config.names import STAGES

HEAVY = {
    "keras",
    "matplotlib",
    "mlflow",
    "pandas",
    "pyarrow",
    "scipy",
    "sentencepiece",
    "sklearn",
    "tensorflow",
    "tensorflow_datasets",
    "tensorflow_text",
}
LIGHT = [
    "pipeline",
    "pipeline.artifact.manifest",
    "pipeline.config.overlays",
    "pipeline.config.reference",
    "pipeline.datasets.local",
    "pipeline.orchestration.plan",
    "pipeline.orchestration.runner",
    "pipeline.predict",
    "pipeline.summary",
    "pipeline.text.vocabulary",
    "pipeline.tracking.history",
    "pipeline.why",
]


def imported(code: str, **environment: str) -> list[str]:
    """Run code in an interpreter of its own and return the heavy libraries that it imported."""
    shown = f"import sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    clean = {k: v for k, v in os.environ.items() if k not in ("TEXT", "FILE", "NSMC_DIR")}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{shown}"],
        cwd=PACKAGE.parent,
        env=clean | environment,
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def command(name: str, artifacts: Path, *more: str) -> list[str]:
    chosen = ["--artifacts", str(artifacts), "--data", "maekrak", "--cell", "lstm", "--preset", ""]
    return [name, *chosen, *more]


def running(status: int, arguments: list[str]) -> str:
    return f"from pipeline.__main__ import main; assert main({arguments!r}) == {status}"


def seal_nothing(folder: Path) -> None:
    """Seal an artifact without files."""
    made = {"config": {}, "inputs": {}, "code": {}, "libraries": {}, "outputs": {}, "metrics": {}}
    manifest = Manifest(stage=folder.name, data="maekrak", model="lstm", seconds=0, run_id="", **made)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")


def test_the_version_is_printed(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"{pipeline.__version__}\n"


@pytest.mark.parametrize(("encoding", "shown"), [("euc-kr", "죽인다 ?"), ("ascii", "??? ?"), ("utf-8", "죽인다 😀")])
def test_what_an_encoding_lacks_is_printed_as_a_question_mark(encoding: str, shown: str, tmp_path: Path) -> None:
    """For every command, since all start in main; here one that prints a row and the next, and one that fails."""
    code = f"""
from pipeline import why, __main__
why.why = lambda *_: print("죽인다 😀", flush=True) or print("next")
assert __main__.main({command("why", tmp_path)!r}) == 0
assert __main__.main({command("why", tmp_path, "--set", "train.죽인다😀=1")!r}) == 1
"""
    environment = os.environ | {"PYTHONIOENCODING": f"{encoding}:strict"}
    run = [sys.executable, "-X", "utf8", "-c", code]
    done = subprocess.run(run, cwd=PACKAGE.parent, env=environment, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding).splitlines() == [shown, "next"]
    assert done.stderr.startswith(b"error: SET") and b"Traceback" not in done.stderr


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_imports_no_heavy_library(module: str) -> None:
    assert imported(f"import {module}") == []


def test_a_heavy_import_would_be_seen() -> None:
    assert "pyarrow" in imported("import pipeline.text.reviews")


def test_plan_and_why_import_no_heavy_library(tmp_path: Path) -> None:
    assert imported(running(0, command("plan", tmp_path))) == []
    assert {path.stem for path in tmp_path.rglob("*.json")} == set(STAGES)
    assert imported(running(0, command("why", tmp_path))) == []


@pytest.mark.parametrize("name", ["plan", "why", "bench", "train"])
def test_a_bad_value_is_told_before_any_heavy_import(name: str, tmp_path: Path) -> None:
    assert imported(running(1, command(name, tmp_path, "--set", "train.epochs=0"))) == []


def test_what_summary_lacks_is_told_without_a_heavy_import(tmp_path: Path) -> None:
    assert imported(running(1, command("summary", tmp_path))) == []


def test_what_predict_cannot_read_is_told_without_a_heavy_import(tmp_path: Path) -> None:
    predict = running(1, command("predict", tmp_path))
    assert imported(predict, TEXT="죽인다") == []  # nothing is exported
    seal_nothing(tmp_path / "maekrak" / "lstm" / "export")
    assert imported(predict, TEXT="죽인다", FILE="texts.txt") == []
    assert imported(predict, FILE=str(tmp_path / "gone.txt")) == []


def test_compare_imports_what_draws_alone_until_it_opens_mlflow() -> None:
    assert imported("import pipeline.compare") == ["matplotlib"]
