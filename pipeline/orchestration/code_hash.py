"""The code of a stage: the files it imports and those its configuration names, by hash."""

import ast
from pathlib import Path
from typing import Any

from pipeline.artifact.files import PACKAGE, sha256, visible_files
from pipeline.artifact.manifest import Manifest
from pipeline.support.errors import UserError

# Their effect on a stage is already in its plan, so that an edit to them reruns nothing by itself.
EXCLUDED_MODULES = (
    "pipeline.config",
    "pipeline.orchestration",
    "pipeline.support.errors",
    "pipeline.artifact.manifest",
    "pipeline.artifact.files",
)
# A configuration value under one of these keys names a file or folder of the package: it is code of the stage.
FILES_NAMED_BY_CONFIG = {
    "dataset": "datasets/{}",
    "cell": "cells/{}.py",
    "pairs": "evidence/pairs/{}.yaml",
    "templates": "evidence/templates/{}.yaml",
}


def is_current(manifest: Manifest) -> bool:
    """Whether the code that made an artifact is still what stands here."""
    paths = {PACKAGE.parent / path: digest for path, digest in manifest.code.items()}
    return all(path.is_file() and sha256(path) == digest for path, digest in paths.items())


def imported_files(module: str) -> set[Path]:
    """The files of `module` and of all modules of this package that it imports, directly or not.

    A page that a module fills in stands beside it, under its name.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = PACKAGE.parent.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name.startswith(EXCLUDED_MODULES) or path in found or not path.exists():
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


def files_named_by_config(stage: str, values: dict[str, Any]) -> set[Path]:
    found: set[Path] = set()
    for key, pattern in FILES_NAMED_BY_CONFIG.items():
        if key not in values:
            continue
        path = PACKAGE / pattern.format(values[key])
        if path.is_dir():
            found |= {p for p in visible_files(path) if p.suffix != ".pyc"}
        elif path.suffix == ".py" and path.exists():
            found |= imported_files(f"pipeline.cells.{path.stem}")
        elif path.exists():
            found.add(path)
        elif key != "dataset":  # a data set without a folder here is one of the TFDS catalogue
            allowed = ", ".join(sorted(p.stem for p in path.parent.glob(f"[a-z]*{path.suffix}")))
            where = "train" if key == "cell" else stage  # which all stages run
            raise UserError(f"{where}.{key}: {values[key]!r} is not there; allowed: {allowed}")
    return found
