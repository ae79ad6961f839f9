"""Plans: what each stage is to be made from, its slice of the configuration, its code, libraries and sources.

`make` can only compare timestamps. So a plan is written for each stage, and rewritten only when its content
changes: a stage that depends on its plan runs again after an edit that concerns it, and after no other.
"""

import ast
import functools
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.artifact.files import PACKAGE, write_atomically
from pipeline.config.names import CELL_STAGES, STAGES
from pipeline.config.schema import Config
from pipeline.datasets.local import hashes_below, local_sources
from pipeline.orchestration.code_hash import hash_code, library_versions, stage_files


class Plan(BaseModel):
    """What a stage is to be made from.

    Attributes:
        code: hash of each file, by path. libraries: version of each library, by name. sources: hash of each file
            outside the project, by name.
    """

    model_config = ConfigDict(frozen=True)
    stage: str
    data: str
    model: str | None
    config: dict[str, Any]
    code: dict[str, str]
    libraries: dict[str, str]
    sources: dict[str, str]

    @property
    def name(self) -> str:
        """The stage as messages name it, `<data>/<model>/<stage>`."""
        return "/".join(filter(None, (self.data, self.model, self.stage)))


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
    """Return `<artifacts>/<data>/<stage>.json`, or `<artifacts>/<data>/<model>/<stage>.json` for a model's stage."""
    return artifacts.joinpath(*filter(None, (plan.data, plan.model, f"{plan.stage}.json")))


def make_plan(stage: str, config: Config, data: str, model: str) -> Plan:
    """Return what a stage is to be made from, from the current configuration, code, libraries and sources.

    Raises:
        UserError: if the configuration names a file that is not there.
    """
    values = getattr(config, stage).model_dump()
    names = values | ({"cell": config.train.cell} if stage in CELL_STAGES else {})  # they all run the cell
    files = stage_files(stage, names)
    return Plan(
        stage=stage,
        data=data,
        model=model if stage in CELL_STAGES else None,
        config=values,
        code=hash_code(files),
        libraries=library_versions(files),
        sources=_sources(values),
    )


@functools.cache
def stage_inputs(stage: str) -> tuple[str, ...]:
    """Return the stages whose artifacts a stage reads: its parameters but `config` and `out`. Imports nothing.

    `peers`, the artifacts of other models, is among them where the stage reads those too.

    >>> stage_inputs("tokenize"), stage_inputs("pretrain")
    (('ingest',), ('ingest', 'tokenize'))
    """
    tree = ast.parse((PACKAGE / f"{stage}.py").read_bytes())
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == stage]
    return tuple(one.arg for one in function.args.args if one.arg not in ("config", "out"))


def _sources(values: dict[str, Any]) -> dict[str, str]:
    """Return the sha256 of the files outside the project that a stage with this configuration reads."""
    if "dataset" in values:
        return local_sources(values["dataset"])
    return hashes_below(values["counterfactual"]) if values.get("counterfactual") else {}
