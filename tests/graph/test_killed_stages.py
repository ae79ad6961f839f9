"""Killed or interrupted at random moments, a stage goes on or is made again to the same result; no half is read."""

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.artifact.checkpoint import CHECKPOINT
from pipeline.artifact.manifest import MANIFEST, digest_of, verify
from pipeline.config.names import STAGES
from tests.project import Project

# Learning is most of what a learning stage then does: some thirty epochs on 500 reviews.
LONGER = (
    "pretrain.objective=language_model pretrain.epochs=12 pretrain.max_tokens_per_batch=512 pretrain.negatives=64 "
    "train.epochs=12 train.patience=12"
)
LEARNING = ("pretrain", "train")  # these write checkpoints
WRITING, AFTER = 5, 10  # of 25 kills: while they write one that is not the first, and at any moment after the first


class Finished(NamedTuple):
    """Whether a run went on from a checkpoint, how long it worked, and for how much of that after its first one."""

    resumed: bool
    seconds: float
    after_checkpoint: float


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

    def first_line(self, running: subprocess.Popen[bytes]) -> bytes:
        """Wait until it says that it starts, goes on, or finds that it was done."""
        assert running.stderr is not None
        return next(line for line in running.stderr if f"/{self.stage}: ".encode() in line)

    def staged(self, pattern: str) -> list[Path]:
        return list(self.folder.parent.glob(f".{self.stage}.*.partial/{pattern}"))

    def wait(self, running: subprocess.Popen[bytes], pattern: str, seconds: float = 600) -> None:
        """Wait until it has written such a file, has come to its end, or the time is over."""
        end = time.monotonic() + seconds
        while running.poll() is None and time.monotonic() < end and not self.staged(pattern):
            time.sleep(0.0005)

    def finish(self) -> Finished:
        running = self.start()
        resumed, start = b"resumed" in self.first_line(running), time.monotonic()
        if self.stage in LEARNING:
            self.wait(running, CHECKPOINT)
        first_checkpoint = time.monotonic()
        _, said = running.communicate()
        assert running.returncode == 0, said.decode()
        return Finished(resumed, time.monotonic() - start, time.monotonic() - first_checkpoint)

    def kill(self, how: str, after: float, by: signal.Signals) -> None:
        """Start it, and send a signal to it and all that it started.

        Args:
            how: "writing": while it writes its second checkpoint; "learning": so many seconds after its first;
                "any": so many after its start.
            by: the signal.
        """
        running = self.start()
        self.first_line(running)
        if how in ("writing", "learning"):
            self.wait(running, CHECKPOINT)
        self.wait(
            running, f".{CHECKPOINT}.*" if how == "writing" else "no such file", 600 if how == "writing" else after
        )
        with contextlib.suppress(ProcessLookupError):  # it came to its end before
            os.killpg(running.pid, by)
        running.communicate()

    def result(self) -> str:
        """Return a digest of what is sealed, files and figures; but for what tells of time, and of a run's own name."""
        sealed = verify(self.folder)
        files = {path: file.sha256 for path, file in sealed.outputs.items() if self.stage != "export"}
        metrics = {name: value for name, value in sealed.metrics.items() if name != "pieces_per_second"}
        return digest_of([files, metrics])


@pytest.fixture(scope="module")
def pretrained_project(project: Project) -> Project:
    done = project.make("explain", "export", f"SET={LONGER}")
    assert done.returncode == 0, done.stderr
    return project


def count(killable: Killable, kills: int, ways: list[str], signals: list[signal.Signals]) -> None:
    """Kill a stage at random moments, finish it each time, and hold what it made to what it makes undisturbed.

    A moment that comes too late finds the stage done: that counts too, as nothing may be lost by then.
    """
    chance = random.Random(killable.stage)
    killable.remove()
    undisturbed, whole = killable.finish(), killable.result()
    alike, resumed = 0, 0
    for n, how in enumerate([*ways, *["any"] * kills][:kills]):
        killable.remove()
        after = chance.uniform(0, undisturbed.seconds if how == "any" else undisturbed.after_checkpoint)
        killable.kill(how, after, signals[n % len(signals)])
        # What stands in its place is nothing, or all of it: no other stage can read a half.
        assert not killable.folder.exists() or killable.result() == whole
        assert not (killable.folder / MANIFEST).exists() or not killable.staged("*")
        resumed += killable.finish().resumed
        alike += killable.result() == whole
        assert not list(killable.folder.parent.glob(f".{killable.stage}.*partial"))
    names = ", ".join(one.name for one in signals)
    print(
        f"{killable.stage}: {names} {kills} times, alike {alike}, of them resumed from a checkpoint {resumed}",
        flush=True,
    )
    assert alike == kills
    assert resumed >= len(ways) // 2


@pytest.mark.full
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_killed_at_many_moments_gives_the_same_result(pretrained_project: Project, stage: str) -> None:
    learns = stage in LEARNING
    ways = ["writing"] * WRITING + ["learning"] * AFTER if learns else []
    count(Killable(pretrained_project, stage), 25 if learns else 10, ways, [signal.SIGKILL])


@pytest.mark.full
@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupted_or_terminated_stage_gives_the_same_result(pretrained_project: Project, stage: str) -> None:
    ways = ["learning"] * 4 if stage in LEARNING else []
    count(Killable(pretrained_project, stage), 6, ways, [signal.SIGINT, signal.SIGTERM])
