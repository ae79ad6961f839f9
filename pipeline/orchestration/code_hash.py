"""The code of a stage, by hash: the files it imports and those its configuration names, and the libraries they use.

Python is hashed by its syntax tree without docstrings and comments: rewording or reformatting reruns nothing.
"""

import ast
import functools
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.artifact.files import PACKAGE, sha256, visible_files
from pipeline.support.errors import UserError

# Their effect on a stage is already in its plan or its manifest, so that an edit to them reruns nothing by itself.
EXCLUDED_MODULES = (
    "pipeline.config",
    "pipeline.orchestration",
    "pipeline.support.errors",
    "pipeline.artifact.files",
    "pipeline.artifact.manifest",
)

# A configuration value under one of these keys names a file or folder of the package: it is code of the stage.
FILES_NAMED_BY_CONFIG = {
    "dataset": "datasets/{}",
    "cell": "cells/{}.py",
    "pairs": "evidence/pairs/{}.yaml",
    "templates": "evidence/templates/{}.yaml",
    "behaviour": "evidence/behaviour/{}.yaml",
}

# Imported name -> distribution: another version of one of these may give other results.
LIBRARIES = {
    "tensorflow": "tensorflow",
    "tensorflow_text": "tensorflow-text",
    "keras": "keras",
    "sentencepiece": "sentencepiece",
    "numpy": "numpy",
    "sklearn": "scikit-learn",
}


def stage_files(stage: str, values: dict[str, Any]) -> set[Path]:
    """Return every file that is code of a stage.

    Args:
        values: of its configuration, with the `cell` where the stage runs one.

    Raises:
        UserError: if the configuration names a file that is not there.
    """
    return imported_files(f"pipeline.{stage}") | _files_named_by_config(stage, values)


def hash_code(files: set[Path]) -> dict[str, str]:
    """Return the hash of each file, by its path relative to the project."""
    return {str(path.relative_to(PACKAGE.parent)): _code_digest(path) for path in sorted(files)}


def library_versions(files: set[Path]) -> dict[str, str]:
    """Return the version of each of `LIBRARIES` that the files import, by its distribution's name."""
    imported = set().union(*(_module(path).libraries for path in files if path.suffix == ".py"))
    return {name: version(name) for module, name in LIBRARIES.items() if module in imported}


def changed_code(sealed: dict[str, str]) -> list[str]:
    """Return the files whose hash is no longer the one that was sealed, or that are gone."""
    paths = {name: PACKAGE.parent / name for name in sealed}
    return [name for name, path in paths.items() if not path.is_file() or _code_digest(path) != sealed[name]]


def imported_files(module: str) -> set[Path]:
    """Return the files of `module` and of all modules of this package that it imports, directly or not.

    Among them are the files that a module names in a string and that stand beside it, such as a page's template.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = PACKAGE.parent.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if path in found or not path.exists() or _is_excluded(name):
            continue
        found |= {path, *_module(path).siblings}
        waiting += _module(path).imports
    return found


def _is_excluded(name: str) -> bool:
    return name == "pipeline" or any(name == one or name.startswith(f"{one}.") for one in EXCLUDED_MODULES)


def _files_named_by_config(stage: str, values: dict[str, Any]) -> set[Path]:
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
            where = "train" if key == "cell" else stage  # all stages of a model run the cell that train names
            raise UserError(f"{where}.{key}: {values[key]!r} is not there; allowed: {allowed}")
    return found


class _Module:
    """What is to be known of a Python file: its hash, what it imports, and the files beside it that it names."""

    def __init__(self, path: Path) -> None:
        tree = ast.parse(path.read_bytes())
        nodes = list(ast.walk(tree))
        imported = [name for node in nodes for name in _imported_names(node)]
        self.imports = [parent for name in imported if name.startswith("pipeline.") for parent in _with_parents(name)]
        self.libraries = {name.split(".")[0] for name in imported}
        strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        beside = {other.name: other for other in path.parent.iterdir() if other.suffix != ".py" and other.is_file()}
        self.siblings = [beside[name] for name in strings & beside.keys()]
        self.digest = hashlib.sha256(ast.unparse(_without_docstrings(tree)).encode()).hexdigest()


def _module(path: Path) -> _Module:
    return _parse(path, path.stat().st_mtime_ns)


@functools.cache
def _parse(path: Path, modified: int) -> _Module:
    return _Module(path)


def _code_digest(path: Path) -> str:
    return _module(path).digest if path.suffix == ".py" else sha256(path)


def _imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):  # an imported name may be a module too
        return [f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def _with_parents(name: str) -> list[str]:
    """Return a module and the packages that Python runs before it.

    >>> _with_parents("pipeline.cells.lstm")
    ['pipeline.cells', 'pipeline.cells.lstm']
    """
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(2, len(parts) + 1)]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree
