"""What is missing, altered or was killed on the way is made again; what another cell or data set made is kept."""

import os
import re
import signal
import subprocess
import time

import pytest

from pipeline.config.names import CELL_STAGES
from tests.project import Project, only_line

pytestmark = pytest.mark.slow


def test_another_cell_reuses_the_data_stages(project: Project) -> None:
    assert project.started("evaluate", "CELL=vanilla") == {"pretrain", "train", "evaluate"}
    assert project.started("all") == {"explain"}  # it shows the new one too
    flows = (project.folder("explain") / "gradient_flow.tsv").read_text("utf-8")
    assert {"leaky", "vanilla"} <= set(re.findall(r"leaky|vanilla", flows))
    assert '<th scope="col">vanilla</th>' in (project.folder("explain") / "report.html").read_text("utf-8")
    assert re.search(r"vanilla ", project.make("compare").stdout)


def test_other_local_files_are_other_data(project: Project) -> None:
    path = project.shop / "train.tsv"
    kept = path.read_text("utf-8")
    path.write_text(kept + "pos\t새로 온 리뷰\n", "utf-8")
    assert project.started("ingest") == {"ingest"}
    path.write_text(kept, "utf-8")
    assert project.started("all") == {"ingest"}  # what it writes is what it wrote before: nothing after it runs


def test_a_killed_stage_goes_on_and_the_last_result_is_kept(project: Project) -> None:
    sealed = (project.folder("train") / "manifest.json").read_bytes()
    other = "SET=train.seed=7 train.epochs=12 train.patience=12"
    running = subprocess.Popen(
        project.command("train", other),
        cwd=project.root,
        env=project.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert running.stderr is not None
    assert any(b"started" in line for line in iter(running.stderr.readline, b""))
    while running.poll() is None and not list(project.folder("train").parent.glob(".train.*.partial/.checkpoint.npz")):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    running.stderr.close()
    assert (project.folder("train") / "manifest.json").read_bytes() == sealed
    assert project.started("train") == set()  # without SET the sealed result is the right one
    resumed = project.make("train", other)
    assert "shop/leaky/train: resumed: config train.epochs 2 -> 12" in resumed.stderr
    assert project.manifest("train")["config"]["seed"] == 7
    assert set(project.manifest("train")["outputs"]) == {"model.keras", "curves.json"}
    assert not list(project.folder("train").parent.glob(".*partial"))
    assert project.started("train") == {"train"}


def test_an_altered_artifact_is_refused_and_can_be_made_again(project: Project) -> None:
    path = project.folder("train") / "model.keras"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refused = project.make("evaluate", "SET=evaluate.worst_errors=3")
    assert refused.returncode != 0
    assert re.match(r"error: artifacts/shop/leaky/train/model\.keras: has sha256 .*; delete", only_line(refused.stderr))
    subprocess.run(["rm", "-r", str(project.folder("train"))], check=True)
    # The same weights, but a new run, to which all figures belong.
    assert project.started("all") == set(CELL_STAGES) - {"pretrain"}
