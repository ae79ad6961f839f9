"""kill -9 at random moments: a stage goes on or is made again to the same result, and no half of one is ever read."""

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.artifact.manifest import MANIFEST, digest_of, verify
from pipeline.config.names import STAGES
from tests.project import Project

pytestmark = pytest.mark.slow

# Learning is most of what a learning stage then does: some thirty epochs on 500 reviews.
LONGER = (
    "pretrain.objective=language_model pretrain.epochs=12 pretrain.max_tokens_per_batch=512 pretrain.negatives=64 "
    "train.epochs=12 train.patience=12"
)
WRITING = 5  # of a learning stage's kills: those while it writes a checkpoint


class Killable(NamedTuple):
    """A stage of a project in which everything is made."""

    project: Project
    stage: str

    @property
    def folder(self) -> Path:
        return self.project.folder(self.stage)

    def start(self) -> subprocess.Popen[bytes]:
        command = [".venv/bin/python", "-m", "pipeline", self.stage, "--artifacts", "artifacts", "--data", "shop"]
        return subprocess.Popen(
            [*command, "--cell", "leaky", "--preset", "", "--set", LONGER],
            cwd=self.project.root,
            env=self.project.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def remove(self) -> None:
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)

    def finish(self) -> tuple[bool, float]:
        """Run it to its end; return whether it went on from a checkpoint, and for how many seconds it worked."""
        running = self.start()
        resumed, start = b"resumed" in self.first_line(running), time.monotonic()
        _, said = running.communicate()
        assert running.returncode == 0, said.decode()
        return resumed, time.monotonic() - start

    def first_line(self, running: subprocess.Popen[bytes]) -> bytes:
        """Wait until it says that it starts, goes on, or finds that it was done."""
        assert running.stderr is not None
        return next(line for line in running.stderr if f"/{self.stage}: ".encode() in line)

    def staged(self, pattern: str) -> list[Path]:
        return list(self.folder.parent.glob(f".{self.stage}.*.partial/{pattern}"))

    def kill(self, after: float, while_writing: bool) -> None:
        """Start it and kill it and all that it started: after some seconds of work, or while it writes a checkpoint."""
        running = self.start()
        self.first_line(running)
        end = time.monotonic() + after
        while running.poll() is None and (
            not self.staged("..checkpoint.npz.*") if while_writing else time.monotonic() < end
        ):
            time.sleep(0.0005 if while_writing else 0.005)
        with contextlib.suppress(ProcessLookupError):  # it came to its end before
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()

    def result(self) -> str:
        """Return a digest of what is sealed, files and figures; but for what tells of time, and of a run's own name."""
        sealed = verify(self.folder)
        files = {path: file.sha256 for path, file in sealed.outputs.items() if self.stage != "export"}
        metrics = {name: value for name, value in sealed.metrics.items() if name != "pieces_per_second"}
        return digest_of([files, metrics])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("killed"))
    done = project.make("explain", "export", f"SET={LONGER}")
    assert done.returncode == 0, done.stderr
    return project


@pytest.mark.parametrize(("stage", "kills"), [(stage, 25 if stage in ("pretrain", "train") else 5) for stage in STAGES])
def test_a_killed_stage_gives_the_same_result(project: Project, stage: str, kills: int) -> None:
    """A moment after "started" that comes too late finds the stage done: that counts too, as nothing may be lost."""
    killable, chance = Killable(project, stage), random.Random(stage)
    killable.remove()
    _, seconds = killable.finish()
    whole = killable.result()
    alike, resumed = 0, 0
    for n in range(kills):
        killable.remove()
        killable.kill(chance.uniform(0, seconds), while_writing=kills == 25 and n < WRITING)
        # What stands in its place is nothing, or all of it: no other stage can read a half.
        assert not killable.folder.exists() or killable.result() == whole
        assert not (killable.folder / MANIFEST).exists() or not killable.staged("*")
        resumed += killable.finish()[0]
        alike += killable.result() == whole
        assert not list(killable.folder.parent.glob(f".{stage}.*partial"))
    print(f"{stage}: killed {kills} times, alike {alike}, of them resumed from a checkpoint {resumed}")
    assert alike == kills
    assert resumed >= (WRITING if kills == 25 else 0)
