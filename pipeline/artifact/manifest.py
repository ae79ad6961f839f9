"""The seal of an artifact: what made it, from what, and the hash of every file in it.

A stage's folder holds a `manifest.json` only if the stage is complete, because the manifest is written last.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline import __version__
from pipeline.artifact.files import atomic_writer, sha256, visible_files
from pipeline.support.errors import UserError

MANIFEST = "manifest.json"
FORMAT: Literal[1] = 1  # of manifests: raised where one of an older project can no longer be read


class File(BaseModel):
    model_config = ConfigDict(frozen=True)
    sha256: str
    bytes: int


class Manifest(BaseModel):
    """`config`, `inputs`, `code` and `libraries` are what the stage was made from; `outputs` what it made."""

    model_config = ConfigDict(frozen=True)
    format: Literal[1] = FORMAT
    version: str = __version__  # of this project; it tells a reader, and decides nothing
    stage: str
    data: str
    model: str | None
    config: dict[str, Any]
    inputs: dict[str, str]
    code: dict[str, str]
    libraries: dict[str, str]
    outputs: dict[str, File]
    metrics: dict[str, float]
    seconds: float
    run_id: str

    @property
    def digest(self) -> str:
        """Return the sha256 of what was made, whatever made it: equal outputs are the same input to the next stage.

        A page is for people, and no stage reads one: other words on it are no other input.
        """
        return digest_of({path: file.sha256 for path, file in self.outputs.items() if not path.endswith(".html")})


def digest_of(value: Any) -> str:
    """Return the sha256 of anything that JSON can hold, in whatever order its keys are."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a sealed artifact.

    Raises:
        UserError: if `folder` is not sealed, or its manifest is not readable.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: missing, so this stage is not complete; run make {folder.name}") from None
    except ValidationError:
        raise UserError(f"{path}: not a manifest of format {FORMAT}; delete {folder} to make it again") from None


def verify(folder: Path) -> Manifest:
    """Read the manifest of `folder` and check every file against it.

    Raises:
        UserError: naming the first file that is missing, altered or not sealed.
    """
    manifest = read_manifest(folder)
    found = hash_files(folder)
    for path in sorted(manifest.outputs.keys() | found.keys()):
        if path not in found:
            problem = "is missing"
        elif path not in manifest.outputs:
            problem = "is not part of the sealed artifact"
        elif found[path].sha256 != manifest.outputs[path].sha256:
            problem = f"has sha256 {found[path].sha256[:12]}..., sealed as {manifest.outputs[path].sha256[:12]}..."
        else:
            continue
        raise UserError(f"{folder / path}: {problem}; delete {folder} to make it again")
    return manifest


def set_run_id(folder: Path, run_id: str) -> None:
    """Write the id of MLflow's run into a manifest, and keep its time: nothing that `make` knows has changed."""
    path = folder / MANIFEST
    text = read_manifest(folder).model_copy(update={"run_id": run_id}).model_dump_json(indent=1) + "\n"
    time = path.stat().st_mtime_ns
    with atomic_writer(path) as file:
        file.write(text.encode())
        file.flush()
        os.utime(file.fileno(), ns=(time, time))


def hash_files(folder: Path) -> dict[str, File]:
    """Return the hash and size of every file below `folder` save its manifest, by path relative to it."""
    paths = (p for p in visible_files(folder) if p != folder / MANIFEST)
    return {str(p.relative_to(folder)): File(sha256=sha256(p), bytes=p.stat().st_size) for p in paths}
