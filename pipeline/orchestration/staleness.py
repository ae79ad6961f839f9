"""Staleness: why an artifact is no longer what its plan would make."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.artifact.manifest import MANIFEST, read_manifest
from pipeline.config.names import STAGES
from pipeline.orchestration.inputs import Inputs
from pipeline.orchestration.plan import Plan
from pipeline.support.errors import UserError

SHOWN_REASONS = 3  # in one line; the rest is counted


def staleness(folder: Path, plan: Plan, inputs: Inputs) -> list[str]:
    """Return the reasons to make an artifact again; none if it is what the plan would make from these inputs."""
    try:
        sealed = read_manifest(folder)
    except UserError:
        return ["sealed in another format" if (folder / MANIFEST).exists() else "not made yet"]
    reasons = [
        *_changes(f"config {plan.stage}.", _flat(sealed.config), _flat(plan.config)),
        *(f"{_kind(name)} {name} changed" for name in _differing(sealed.inputs, inputs.digests)),
        *(f"code {name}" for name in _differing(sealed.code, plan.code)),
        *_changes("library ", sealed.libraries, plan.libraries),
    ]
    run_id = sealed.run_id  # empty until it is logged
    if not reasons and run_id and "train" in inputs.manifests and run_id != inputs.manifests["train"].run_id:
        # The same weights, but trained anew: the figures belong to that run.
        return ["input train has a run of its own in MLflow since"]
    return reasons


def in_one_line(reasons: list[str]) -> str:
    """Join reasons, the first few of them.

    >>> in_one_line(["config train.epochs 3 -> 4", "code a.py", "code b.py", "code c.py", "code d.py"])
    'config train.epochs 3 -> 4, code a.py, code b.py and 2 more'
    """
    more = len(reasons) - SHOWN_REASONS
    return ", ".join(reasons[:SHOWN_REASONS]) + (f" and {more} more" if more > 0 else "")


def _kind(name: str) -> str:
    return "input" if name.rpartition("/")[2] in STAGES else "source"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _changes(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a line for each key whose value differs: old value -> new one, "none" where there is no such key."""
    return [f"{prefix}{key} {old.get(key, 'none')} -> {new.get(key, 'none')}" for key in _differing(old, new)]


def _flat(config: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Return the values by dotted key.

    >>> _flat({"ngrams": {"words": 2}, "epochs": 3})
    {'ngrams.words': 2, 'epochs': 3}
    """
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{at}{key}.") if isinstance(value, dict) and value else {f"{at}{key}": value}
    return flat
