"""Versions of an exported model as TensorFlow Serving finds them: `<model>/serving/<version>/`, each one sealed.

The folder above the versions stays where it is, whatever is exported: what has it mounted or watches it sees new
versions come. A version is filled aside and renamed, with a manifest in it that holds the hash of every file.
"""

import os
import shutil
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.artifact.files import write_atomically
from pipeline.artifact.manifest import MANIFEST, File, hash_files, read_manifest
from pipeline.support.errors import UserError

VERSION_FORMAT: Literal[1] = 1


class SealedVersion(BaseModel):
    """The manifest of a version: whose it is, and the hash of every file. `export` is the digest of its artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal[1] = VERSION_FORMAT
    version: int
    data: str
    model: str
    export: str
    run_id: str
    outputs: dict[str, File]


def publish(export: Path, base: Path, kept: int) -> int:
    """Put the version of a sealed `export` artifact among those to serve, and delete all but the newest `kept`.

    Returns:
        The version, also where it was there already.

    Raises:
        UserError: if `export` is not sealed or not whole.
    """
    sealed = read_manifest(export)
    number = newest(export / "saved_model")
    source, target = export / "saved_model" / str(number), base / str(number)
    if not is_whole(target):
        prefix = f"saved_model/{number}/"
        outputs = {p.removeprefix(prefix): f for p, f in sealed.outputs.items() if p.startswith(prefix)}
        aside = base / f".{number}.{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        base.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copytree(source, aside)
            found = hash_files(aside)
            if found != outputs:
                raise UserError(f"{source}: not as it was sealed; delete {export} to make it again")
            manifest = SealedVersion(
                version=number,
                data=sealed.data,
                model=str(sealed.model),
                export=sealed.digest,
                run_id=sealed.run_id,
                outputs=outputs,
            )
            write_atomically(aside / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
            shutil.rmtree(target, ignore_errors=True)
            aside.rename(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    for old in sorted(numbers(base))[:-kept]:
        shutil.rmtree(numbers(base)[old])
    return number


def of_run(base: Path, run_id: str | None) -> int | None:
    """Return the newest whole version that a run has made; None if there is none."""
    for number, folder in sorted(numbers(base).items(), reverse=True):
        try:
            if run_id and check(folder).run_id == run_id:
                return number
        except UserError:
            continue
    return None


def newest(base: Path) -> int:
    """Return the largest version in a folder.

    Raises:
        UserError: if there is none.
    """
    found = numbers(base)
    if not found:
        raise UserError(f"{base}: holds no version of a model; run make export")
    return max(found)


def numbers(base: Path) -> dict[int, Path]:
    """Return the folders of versions by number: those that are named by digits, as TensorFlow Serving has it."""
    try:
        return {int(p.name): p for p in base.iterdir() if p.name.isascii() and p.name.isdigit() and p.is_dir()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def is_whole(folder: Path) -> bool:
    try:
        check(folder)
    except UserError:
        return False
    return True


def check(folder: Path) -> SealedVersion:
    """Check every file of a version against its manifest.

    Raises:
        UserError: what is wrong, without the path of any folder: clients are told of it.
    """
    try:
        sealed = SealedVersion.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("not sealed: it holds no manifest.json") from None
    except ValidationError:
        raise UserError("its manifest.json is none of this format") from None
    if sealed.version != int(folder.name):
        raise UserError(f"its manifest.json is that of version {sealed.version}")
    found = hash_files(folder)
    if missing := sorted(sealed.outputs.keys() - found.keys()):
        raise UserError(f"{missing[0]} is missing")
    if altered := sorted(path for path, file in sealed.outputs.items() if found[path] != file):
        raise UserError(f"{altered[0]} is not as it was sealed")
    if foreign := sorted(found.keys() - sealed.outputs.keys()):
        raise UserError(f"{foreign[0]} is not part of what was sealed")
    return sealed


def fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when any file of a version does: cheap enough to look at every second."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(found)
