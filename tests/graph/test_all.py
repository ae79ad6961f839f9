"""`make all` on the data set and the cell that the pages show: it makes everything, and what is made stays made."""

import re
import subprocess

from tests.graph.conftest import FirstRun
from tests.project import Project


def test_the_first_run_makes_everything_and_sums_it_up(first_run: FirstRun) -> None:
    assert first_run.returncode == 0, first_run.stderr
    metrics = first_run.project.manifest("evaluate")["metrics"]
    assert metrics["test_accuracy"] > 0.9
    assert re.search(rf"Accuracy on test +{metrics['test_accuracy']:.1%}", first_run.stdout)
    assert f"baseline {metrics['baseline_test_accuracy']:6.1%}" in first_run.stdout
    assert re.search(r"in blame +\d+%|none of the \d+ pairs", first_run.stdout)
    assert "next: make predict DATA=shop CELL=leaky" in first_run.stdout
    assert "Traceback" not in first_run.stderr


def test_the_second_run_does_nothing(project: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in (project.root / "artifacts" / "shop").rglob("*")}
    assert project.started("all") == set()
    after = {path: path.stat().st_mtime_ns for path in (project.root / "artifacts" / "shop").rglob("*")}
    assert after == before


def test_code_that_is_not_of_a_stage_reruns_nothing(project: Project) -> None:
    for name in ("pipeline/cells/gru.py", "pipeline/compare.py", "pipeline/datasets/nsmc/ratings.py"):
        project.edit(name, '"""', 'EDITED = True\n"""')
    (project.root / "pipeline" / "train.py").touch()
    assert project.started("all") == set()


def test_other_words_in_a_docstring_rerun_nothing(project: Project) -> None:
    project.edit("pipeline/explain.py", '"""explain:', '"""explain, in other words:')
    assert project.started("all") == set()


def test_a_stage_is_not_done_when_nobody_reads_its_lines(project: Project) -> None:
    stage = 'ingest --artifacts artifacts --data shop --cell leaky --preset ""'
    done = project.run("bash", "-c", f"set -o pipefail; .venv/bin/python -m pipeline {stage} 2>&1 | true")
    assert done.returncode != 0


def test_the_cell_of_the_page_is_held_to_the_contract(project: Project) -> None:
    command = [".venv/bin/python", "-m", "pytest", "tests/cells/test_leaky.py"]  # as pipeline/README.md has it
    done = subprocess.run(command, cwd=project.root, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout or "[100%]" in done.stdout
