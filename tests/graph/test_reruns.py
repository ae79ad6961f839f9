"""An edit reruns the stages that it bears on, and no other."""

import pytest

from pipeline.config.names import CELL_STAGES
from tests.project import Project

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("old", "new", "reruns"),
    [
        ("{compared_texts: 40}", "{compared_texts: 30}", {"export"}),
        (
            "tokenize: {vocab_size: 512, phrases: [죽인다]}",
            "tokenize: {vocab_size: 512, phrases: [미쳤다]}",
            {"tokenize"},
        ),
    ],
    ids=["export", "tokenize"],
)
def test_editing_a_section_reruns_its_stage(project: Project, old: str, new: str, reruns: set[str]) -> None:
    project.edit("configs/data/shop.yaml", old, new)
    started = project.started("all")
    assert reruns <= started
    assert started - reruns <= set(CELL_STAGES) - {"train"} | ({"train"} if "tokenize" in reruns else set())


def test_editing_a_module_reruns_the_stages_it_is_part_of(project: Project) -> None:
    project.edit("pipeline/explain.py", "\n\ndef explain(", "\n\nEDITED = True\n\n\ndef explain(")
    assert project.started("all") == {"explain"}


def test_a_value_for_one_run(project: Project) -> None:
    assert project.started("explain", "SET=explain.text='한 번만 죽인다'") == {"explain"}
    assert project.manifest("explain")["config"]["text"] == "한 번만 죽인다"
    assert project.started("all") == {"explain"}
