"""The architecture: verbs on top, nouns below, arrows one way, no circles. Run as a module, it prints them."""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter

import pytest

from pipeline.artifact.files import PACKAGE
from pipeline.config.names import STAGES

# A room may import from the rooms of earlier rows and of its own row, never from those of a later one.
FLOORS = (
    ("support",),
    ("artifact", "config", "layers"),
    ("cells", "text", "tracking", "datasets"),
    ("model", "orchestration"),
    ("objectives", "evidence", "report", "benchmarks", "pages"),
    ("serving", "scoring"),
)
COMMANDS = (
    "predict",
    "score",
    "compare",
    "bench",
    "summary",
    "ui",
    "why",
    "serve",
    "bench_serve",
    "notebooks",
    "docs",
)


def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name below `pipeline`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_bytes())
    return found


def imports(tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of the package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline"):
            module = node.module.removeprefix("pipeline").removeprefix(".")  # type: ignore[union-attr]
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix(".")
                found.add(inner if inner in known else module)
        elif isinstance(node, ast.Import):
            found |= {alias.name[9:] for alias in node.names if alias.name.startswith("pipeline.")}
    return found & known


MODULES = modules()
ARROWS = {name: imports(tree, set(MODULES)) - {name, "__init__", ""} for name, tree in MODULES.items()}
ROOMS = [room for floor in FLOORS for room in floor]


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def room_arrows() -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = defaultdict(set)
    for module, used in ARROWS.items():
        arrows[room_of(module)] |= {room_of(other) for other in used} - {room_of(module)}
    return arrows


def test_every_folder_is_a_room_and_every_file_beside_them_a_verb() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS)
    files = {path.stem for path in PACKAGE.glob("*.py")}
    assert files == {"__init__", "__main__", *STAGES, *COMMANDS}


def test_files_form_no_circle() -> None:
    tuple(TopologicalSorter(ARROWS).static_order())  # raises CycleError, which names the circle


def test_rooms_form_no_circle() -> None:
    tuple(TopologicalSorter(room_arrows()).static_order())


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_run_one_way(room: str) -> None:
    floor = next(n for n, rooms in enumerate(FLOORS) if room in rooms)
    allowed = {other for rooms in FLOORS[: floor + 1] for other in rooms}
    assert room_arrows()[room] <= allowed


def test_no_verb_imports_a_verb() -> None:
    verbs = {*STAGES, *COMMANDS}
    assert {verb: ARROWS[verb] & verbs for verb in verbs} == {verb: set() for verb in verbs}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_holds(room: str) -> None:
    assert ast.get_docstring(MODULES[room])
    assert 3 <= sum(module.startswith(f"{room}.") and module.count(".") == 1 for module in MODULES) <= 15


if __name__ == "__main__":
    order = [*TopologicalSorter(room_arrows()).static_order()]
    arrows = room_arrows()
    for room in order:
        print(f"{room:14} <- {', '.join(sorted(arrows[room], key=order.index))}")
    print(f"{len(MODULES)} files, {sum(map(len, ARROWS.values()))} arrows between files, {len(ROOMS)} rooms")
