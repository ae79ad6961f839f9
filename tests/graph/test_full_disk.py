"""The disk fills up at some moment of a stage: one line says so, nothing half-made is left, and room lets it go on."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.artifact.manifest import digest_of, verify
from pipeline.config.names import STAGES
from tests.project import Project

MOMENTS = 10
# In a mount namespace of its own, so that it needs no root, and the mount goes when its last process does.
ON_A_SMALL_DISK = """
mount -t tmpfs -o size=1g none artifacts && cp -a "$KEPT/." artifacts/
used=$(df --block-size=1 --output=used artifacts | tail -1)
mount -o remount,size=$((used + FREE)) artifacts
"$@" > first.log 2>&1; echo $? > first.status
ls artifacts/shop/leaky artifacts/shop > first.listing
mount -o remount,size=1g artifacts && "$@" > second.log 2>&1; echo $? > second.status
cp -a artifacts/. "$AFTER/"
"""


class Stage:
    """A stage of a project in which everything is made, on a disk of a size that is given."""

    def __init__(self, project: Project, stage: str, kept: Path) -> None:
        self.project, self.stage, self.kept = project, stage, kept
        folder = project.folder(stage)
        self.place = folder.relative_to(project.root / "artifacts")
        self.whole = self.result(folder)
        self.bytes = sum(path.stat().st_size for path in folder.rglob("*"))

    def result(self, folder: Path) -> str:
        """Return a digest of what is sealed; but for what tells of time, and of a run's own name."""
        outputs = verify(folder).outputs
        return digest_of({path: file.sha256 for path, file in outputs.items() if self.stage != "export"})

    def run(self, free: int, after: Path) -> tuple[int, str, bool]:
        """Run it with so many bytes free, then again with room; what is there then is copied to `after`.

        Returns:
            The first run's exit status, what it said, and whether its artifact was in place.
        """
        shutil.rmtree(after, ignore_errors=True)
        after.mkdir()
        stage = f".venv/bin/python -m pipeline {self.stage} --artifacts artifacts --data shop --cell leaky --preset"
        subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh", *stage.split(), ""],
            cwd=self.project.root,
            env=self.project.environment | {"FREE": str(free), "KEPT": str(self.kept), "AFTER": str(after)},
            check=True,
        )
        root = self.project.root
        assert (root / "second.status").read_text() == "0\n", (root / "second.log").read_text()
        listed = (root / "first.listing").read_text().split()
        return int((root / "first.status").read_text()), (root / "first.log").read_text(), self.stage in listed


def count(project: Project, stage: str, moments: list[int], folder: Path) -> None:
    kept, after = folder / "kept", folder / "after"
    shutil.copytree(project.root / "artifacts", kept)
    on_disk = Stage(project, stage, kept)
    shutil.rmtree(kept / on_disk.place)
    stopped = 0
    for moment in moments:
        status, said, in_place = on_disk.run(on_disk.bytes * moment // MOMENTS, after)
        if status:
            stopped += 1
            errors = [line for line in said.splitlines() if line.startswith("error: ")]
            assert len(errors) == 1 and ("disk is full" in errors[0] or "No space left" in errors[0]), said
            assert "Traceback" not in said, said
        assert in_place == (status == 0)
        assert on_disk.result(after / on_disk.place) == on_disk.whole
    print(f"{stage}: {len(moments)} sizes of a disk, stopped {stopped}, alike with room {len(moments)}", flush=True)
    assert stopped >= len(moments) // 2


@pytest.mark.full
@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_at_many_moments(project: Project, stage: str, tmp_path: Path) -> None:
    count(project, stage, list(range(MOMENTS)), tmp_path)
