"""Projects in which a test may run make: bare ones, and copies of one in which everything was made."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import MakeOnce
from tests.project import Project


class FirstRun(NamedTuple):
    """What `make all` gave in a project where nothing was made yet, and that project."""

    project: Project
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def first_run(make_once: MakeOnce) -> FirstRun:
    """Run once for all workers. What it made is for copying alone."""

    def fill(folder: Path) -> None:
        done = Project(folder).make("all")
        (folder / "done.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]), "utf-8")

    folder = make_once("first_run", fill)
    return FirstRun(Project(folder), *json.loads((folder / "done.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def project(first_run: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of what the first run made. The tests of a file run in order on it: each leaves everything made."""
    assert first_run.returncode == 0, first_run.stderr
    return first_run.project.copy(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def bare_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which nothing was made yet."""
    return Project(tmp_path_factory.mktemp("bare"))
