"""The artifacts of other models that a stage shows beside its own."""

import sys
from pathlib import Path
from typing import Any

from pipeline.artifact.manifest import Manifest, verify
from pipeline.config.names import make_arguments
from pipeline.orchestration.code_hash import is_current
from pipeline.orchestration.plan import Plan
from pipeline.support.errors import UserError

READS_PEERS = ("explain",)  # it shows all models that were trained on the data set side by side
IGNORED_IN_COMPARISON = {"control_pieces"}  # values of evaluate that bear on nothing that is shown of other models


def find_peers(plan: Plan, models: list[Path], inputs: dict[str, Manifest]) -> dict[str, Path]:
    """The folders of other models, by name: those whose train and evaluate can stand beside this one's."""
    others = {}
    for model in models:
        if _comparable(model, inputs):
            others[model.name] = model
        else:
            again = f"make evaluate {make_arguments(plan.data, model.name)}"
            log_stage_line(plan, f"{model} is left out, not evaluated, or not alike; {again} to have it in")
    return others


def _comparable(model: Path, inputs: dict[str, Manifest]) -> bool:
    """Whether the code that stands here trained it on the same pieces, and measured it as this one was."""
    try:
        train, evaluate = verify(model / "train"), verify(model / "evaluate")
    except UserError:
        return False
    own = inputs["evaluate"]
    return (
        train.inputs["tokenize"] == inputs["tokenize"].digest
        and _shown(evaluate.config) == _shown(own.config)
        and evaluate.inputs == own.inputs | {"train": train.digest}
        and is_current(train)
        and is_current(evaluate)
    )


def _shown(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in IGNORED_IN_COMPARISON}


def log_stage_line(plan: Plan, what: str) -> None:
    print(f"{'/'.join(filter(None, (plan.data, plan.model, plan.stage)))}: {what}", file=sys.stderr, flush=True)
