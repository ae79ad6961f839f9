"""What each stage is to be made from: its slice of the configuration, its code and its sources.

`make` can only compare timestamps. So a plan is written for each stage, and rewritten only when its content
changes: a stage that depends on its plan runs again after an edit that concerns it, and after no other.
"""

import ast
import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.config import CELL_STAGES, STAGES, Config
from pipeline.errors import UserError
from pipeline.manifest import Manifest, sha256, visible_files, write_atomically

PACKAGE = Path(__file__).parent

# Their effect on a stage is already in its plan, so that an edit to them reruns nothing by itself.
NOT_OF_A_STAGE = {"pipeline.config", "pipeline.errors", "pipeline.manifest", "pipeline.plan"}

# A configuration value under one of these keys names a file or folder of the package: it is code of the stage.
NAMED_CODE = {
    "dataset": "datasets/{}",
    "cell": "cells/{}.py",
    "pairs": "pairs/{}.yaml",
    "frames": "frames/{}.yaml",
}


class Plan(BaseModel):
    model_config = ConfigDict(frozen=True)
    stage: str
    data: str
    model: str | None
    config: dict[str, Any]
    code: dict[str, str]
    sources: dict[str, str]


def write_plans(config: Config, data: str, model: str, artifacts: Path) -> None:
    """Write the plans of all stages where they changed."""
    for stage in STAGES:
        write_plan(make_plan(stage, config, data, model), artifacts)


def write_plan(plan: Plan, artifacts: Path) -> None:
    """Write a plan if it changed."""
    path = plan_path(plan, artifacts)
    text = plan.model_dump_json(indent=1) + "\n"
    if not path.exists() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)


def plan_path(plan: Plan, artifacts: Path) -> Path:
    """`<artifacts>/<data>/<stage>.json`, or `<artifacts>/<data>/<model>/<stage>.json` where the stage is a model's."""
    return artifacts.joinpath(*filter(None, (plan.data, plan.model, f"{plan.stage}.json")))


def make_plan(stage: str, config: Config, data: str, model: str) -> Plan:
    """What a stage is to be made from, as all that stands now."""
    values = getattr(config, stage).model_dump()
    names = values | ({"cell": config.train.cell} if stage in CELL_STAGES else {})  # they all run the cell
    code = _closure(f"pipeline.{stage}") | _named_code(stage, names)
    return Plan(
        stage=stage,
        data=data,
        model=model if stage in CELL_STAGES else None,
        config=values,
        code={str(p.relative_to(PACKAGE.parent)): sha256(p) for p in sorted(code)},
        sources=_sources(values),
    )


def is_current(manifest: Manifest) -> bool:
    """Whether the code that made an artifact is still what stands here."""
    paths = {PACKAGE.parent / path: digest for path, digest in manifest.code.items()}
    return all(path.is_file() and sha256(path) == digest for path, digest in paths.items())


def _closure(module: str) -> set[Path]:
    """The files of `module` and of all modules of this package that it imports, directly or not.

    A page that a module fills in stands beside it, under its name.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = PACKAGE.parent.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in NOT_OF_A_STAGE or path in found or not path.exists():
            continue
        found |= {path} | ({page} if (page := path.with_suffix(".html")).exists() else set())
        waiting += _imports(path)
    return found


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline"):
            names += [f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith("pipeline")]
    return names


def _named_code(stage: str, values: dict[str, Any]) -> set[Path]:
    found: set[Path] = set()
    for key, pattern in NAMED_CODE.items():
        if key not in values:
            continue
        path = PACKAGE / pattern.format(values[key])
        if path.is_dir():
            found |= {p for p in visible_files(path) if p.suffix != ".pyc"}
        elif path.suffix == ".py" and path.exists():
            found |= _closure(f"pipeline.cells.{path.stem}")
        elif path.exists():
            found.add(path)
        elif key != "dataset":  # a data set without a folder here is one of the TFDS catalogue
            allowed = ", ".join(sorted(p.stem for p in path.parent.glob(f"[a-z]*{path.suffix}")))
            where = "train" if key == "cell" else stage  # which all stages run
            raise UserError(f"{where}.{key}: {values[key]!r} is not there; allowed: {allowed}")
    return found


def _sources(values: dict[str, Any]) -> dict[str, str]:
    """sha256 of the files outside the project that a stage with this configuration reads."""
    if "dataset" in values:
        return local_sources(values["dataset"])
    return hashes_below(values["counterfactual"]) if values.get("counterfactual") else {}


def local_sources(dataset: str) -> dict[str, str]:
    """sha256 of every local file of a data set of ours, so that other files under its variable are other data.

    A data set of the TFDS catalogue needs none: its version says what it holds.
    """
    variable = local_variable(dataset)
    return {} if variable == "TFDS_DATA_DIR" else hashes_below(variable)


def hashes_below(variable: str) -> dict[str, str]:
    """sha256 of every file below the folder that an environment variable names; none if it is not set.

    Raises:
        UserError: if there is no such folder.
    """
    named = os.environ.get(variable)
    if not named:
        return {}
    if not Path(named).is_dir():
        raise UserError(f"{variable}={named}: no such folder")
    return {str(p.relative_to(named)): sha256(p) for p in visible_files(Path(named))}


def local_variable(dataset: str) -> str:
    """The environment variable that names the folder with a data set's local files, for example `NSMC_DIR`."""
    return f"{dataset.upper()}_DIR" if (PACKAGE / "datasets" / dataset).is_dir() else "TFDS_DATA_DIR"


def local_folder(dataset: str) -> Path | None:
    variable = local_variable(dataset)
    named = os.environ.get(variable)
    return Path(named) if named and variable != "TFDS_DATA_DIR" else None
