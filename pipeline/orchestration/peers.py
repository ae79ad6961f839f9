"""Peers: the other models of a data set, which explain shows beside its own."""

from pathlib import Path
from typing import Any

from pipeline.artifact.manifest import MANIFEST, Manifest, verify
from pipeline.orchestration.code_hash import changed_code
from pipeline.orchestration.plan import Plan
from pipeline.support.errors import UserError

PEER_STAGES = ("train", "evaluate")  # whose artifacts are read
IGNORED_IN_COMPARISON = {"control_pieces"}  # values of evaluate that bear on nothing that is shown of a peer


def other_models(plan: Plan, artifacts: Path) -> list[Path]:
    """Return the folders of all other models of the data set that are trained or evaluated."""
    found = {path.parents[1] for stage in PEER_STAGES for path in (artifacts / plan.data).glob(f"*/{stage}/{MANIFEST}")}
    return sorted(found - {artifacts / plan.data / str(plan.model)})


def find_peers(models: list[Path], inputs: dict[str, Manifest]) -> dict[str, Path]:
    """Return, by name, the models whose train and evaluate can stand beside this one's.

    Args:
        inputs: the manifests that this model's stage reads.
    """
    return {model.name: model for model in models if _is_comparable(model, inputs)}


def _is_comparable(model: Path, inputs: dict[str, Manifest]) -> bool:
    """Tell whether the present code trained a model on the same pieces, and evaluated it as this one was."""
    try:
        train, evaluate = (verify(model / stage) for stage in PEER_STAGES)
    except UserError:
        return False
    own = inputs["evaluate"]
    return (
        train.inputs["tokenize"] == inputs["tokenize"].digest
        and _compared(evaluate.config) == _compared(own.config)
        and evaluate.inputs == own.inputs | {"train": train.digest}
        and not changed_code(train.code)
        and not changed_code(evaluate.code)
    )


def _compared(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in IGNORED_IN_COMPARISON}
