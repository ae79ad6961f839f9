"""why: for each stage, whether it would run again and why, without running any."""

from pathlib import Path

from pipeline.config.names import STAGES
from pipeline.config.schema import Config
from pipeline.orchestration.inputs import input_folders, verify_inputs
from pipeline.orchestration.plan import Plan, make_plan, plan_path, stage_inputs
from pipeline.orchestration.staleness import in_one_line, staleness
from pipeline.support.errors import UserError


def why(artifacts: Path, config: Config, data: str, model: str) -> None:
    """Print a line for each stage: the reasons why `make` would run it again, or "up to date".

    "after train" means that train, which it reads, runs first: if that makes the same artifact as before, there is
    nothing to do.
    """
    stale: set[str] = set()
    for stage in STAGES:
        if reasons := _reasons(make_plan(stage, config, data, model), artifacts, stale):
            stale.add(stage)
        print(f"{stage}: {in_one_line(reasons) or 'up to date'}")


def _reasons(plan: Plan, artifacts: Path, stale: set[str]) -> list[str]:
    """Return why a stage would run again, given the stages before it that would."""
    first = [name for name in stage_inputs(plan.stage) if name in stale]
    try:
        inputs = verify_inputs(plan, input_folders(plan, artifacts))
    except UserError as error:  # an input that is missing is made first; any other was altered
        return [f"after {name}" for name in first] or [str(error)]
    reasons = staleness(plan_path(plan, artifacts).with_suffix(""), plan, inputs)
    return reasons + [f"after {name}" for name in first if f"input {name} changed" not in reasons]
