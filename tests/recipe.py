"""Follow a recipe of `pipeline/README.md` to the letter, in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Copy:
    """A copy of what a stage needs of the project, in which a recipe can be followed."""

    def __init__(self, root: Path) -> None:
        self.root = root / "copy"
        for name in ("pipeline", "configs", "tests"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))

    def follow(self, heading: str) -> list[str]:
        """Write each file that stands under a heading, and make each change; return the paths in their order."""
        sections = re.split(r"^## ", (ROOT / "pipeline" / "README.md").read_text("utf-8"), flags=re.MULTILINE)
        (section,) = [part for part in sections if part.startswith(heading)]
        blocks = re.findall(r"```(python|diff)\n# (\S+)\n(.*?)```", section, flags=re.DOTALL)
        for kind, name, content in blocks:
            path = self.root / name
            if kind == "python":
                assert not path.exists()
                path.write_text(content, "utf-8")
            else:
                for hunk in content.split("@@\n"):
                    change(path, hunk.splitlines())
        return [name for _, name, _ in blocks]

    def run(self, code: str, *arguments: object) -> str:
        """Run Python in the copy, from a file that spawned processes can import, and return what it prints."""
        (self.root / "script.py").write_text(code, "utf-8")
        command = [sys.executable, "script.py", *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(self.root), "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def change(path: Path, hunk: list[str]) -> None:
    """Make a change of the form of a diff: lines that begin with a space are there, together, and once alone."""
    before = "".join(f"{line[1:]}\n" for line in hunk if line[0] == " ")
    after = "".join(f"{line[1:]}\n" for line in hunk)
    assert all(line[0] in " +" for line in hunk)
    content = path.read_text("utf-8")
    assert content.count(before) == 1, f"{path.name}: {before}"
    path.write_text(content.replace(before, after), "utf-8")
