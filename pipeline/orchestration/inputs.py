"""Inputs: the artifacts that a stage reads, found by its parameters and checked against their manifests."""

from pathlib import Path
from typing import Any, NamedTuple

from pipeline.artifact.manifest import MANIFEST, Manifest, read_manifest, verify
from pipeline.config.names import CELL_STAGES
from pipeline.orchestration.peers import PEER_STAGES, find_peers, other_models
from pipeline.orchestration.plan import Plan, stage_inputs


class Folders(NamedTuple):
    """Where a stage reads: its own inputs by stage, and the other models of the data set, None if it reads no peers."""

    own: dict[str, Path]
    models: list[Path] | None

    @property
    def manifests(self) -> list[Path]:
        """The paths of all manifests that may be read."""
        peers = [model / stage for model in self.models or [] for stage in PEER_STAGES]
        return [folder / MANIFEST for folder in (*self.own.values(), *peers)]


class Inputs(NamedTuple):
    """What a stage reads, as it stands.

    Attributes:
        arguments: of the stage, by parameter: the folder of each input, and the peers' by model where it reads those.
        manifests: of its own inputs, by stage.
        digests: of all that it reads: inputs by stage, artifacts of peers by `<model>/<stage>`, sources by file.
        left_out: other models that can't stand beside this one.
    """

    arguments: dict[str, Any]
    manifests: dict[str, Manifest]
    digests: dict[str, str]
    left_out: list[Path]


def input_folders(plan: Plan, artifacts: Path) -> Folders:
    """Return where a stage reads, by its parameters."""
    names, of_data = stage_inputs(plan.stage), artifacts / plan.data
    own = {
        name: of_data / str(plan.model) / name if name in CELL_STAGES else of_data / name
        for name in names
        if name != "peers"
    }
    return Folders(own, other_models(plan, artifacts) if "peers" in names else None)


def verify_inputs(plan: Plan, folders: Folders) -> Inputs:
    """Check all that a stage reads against its manifests.

    Raises:
        UserError: naming the first file that is missing, altered or not sealed.
    """
    manifests = {name: verify(folder) for name, folder in folders.own.items()}
    digests = {name: manifest.digest for name, manifest in manifests.items()} | plan.sources
    if folders.models is None:
        return Inputs(dict(folders.own), manifests, digests, [])
    peers = find_peers(folders.models, manifests)
    digests |= {
        f"{name}/{stage}": read_manifest(model / stage).digest for name, model in peers.items() for stage in PEER_STAGES
    }
    left_out = [model for model in folders.models if model.name not in peers]
    return Inputs({**folders.own, "peers": peers}, manifests, digests, left_out)
