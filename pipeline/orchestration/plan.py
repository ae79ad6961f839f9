"""What each stage is to be made from: its slice of the configuration, its code and its sources.

`make` can only compare timestamps. So a plan is written for each stage, and rewritten only when its content
changes: a stage that depends on its plan runs again after an edit that concerns it, and after no other.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.artifact.files import PACKAGE, sha256, write_atomically
from pipeline.config.names import CELL_STAGES, STAGES
from pipeline.config.schema import Config
from pipeline.datasets.local import hashes_below, local_sources
from pipeline.orchestration.code_hash import files_named_by_config, imported_files


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
    code = imported_files(f"pipeline.{stage}") | files_named_by_config(stage, names)
    return Plan(
        stage=stage,
        data=data,
        model=model if stage in CELL_STAGES else None,
        config=values,
        code={str(p.relative_to(PACKAGE.parent)): sha256(p) for p in sorted(code)},
        sources=_sources(values),
    )


def _sources(values: dict[str, Any]) -> dict[str, str]:
    """sha256 of the files outside the project that a stage with this configuration reads."""
    if "dataset" in values:
        return local_sources(values["dataset"])
    return hashes_below(values["counterfactual"]) if values.get("counterfactual") else {}
