"""The Makefile and the package tell of the same stages and the same edges."""

import importlib
import inspect
import re
import subprocess
from pathlib import Path

import pytest

from pipeline.config import STAGES

MAKEFILE = (Path(__file__).parent.parent / "Makefile").read_text("utf-8")
RULES = re.findall(r"^\$\(OF_\w+\)/(\w+)/manifest\.json:(.*)$", MAKEFILE, flags=re.MULTILINE)


def test_targets_are_modules_are_sections() -> None:
    assert tuple(target for target, _ in RULES) == STAGES
    phony = re.findall(r"^(\w+): +\$\(OF_\w+\)/(\w+)/manifest\.json", MAKEFILE, flags=re.MULTILINE)
    assert phony == [(stage, stage) for stage in STAGES]


@pytest.mark.parametrize(("stage", "prerequisites"), RULES)
def test_edges_are_parameters(stage: str, prerequisites: str) -> None:
    function = getattr(importlib.import_module(f"pipeline.{stage}"), stage)
    reads = re.findall(r"/(\w+)/manifest\.json", prerequisites.replace("*/train", "others"))
    assert list(inspect.signature(function).parameters) == ["config", *reads, "out"]
    assert re.findall(r"/(\w+)\.json", prerequisites.split(maxsplit=1)[0]) == [stage]


def test_help_names_every_target() -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=Path(__file__).parent.parent, check=True, capture_output=True, text=True
    )
    named = set(re.findall(r"^  make (\w+)", shown.stdout, flags=re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)
    assert named == set(phony.split()) - {"FORCE", "plans"}
    alone = subprocess.run(["make"], cwd=Path(__file__).parent.parent, check=True, capture_output=True, text=True)
    assert alone.stdout == shown.stdout


def test_only_tracking_imports_mlflow() -> None:
    package = Path(__file__).parent.parent / "pipeline"
    importing = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) mlflow\b", path.read_text("utf-8"), flags=re.MULTILINE)
    }
    assert importing == {"tracking.py", "serving/registered.py"}
