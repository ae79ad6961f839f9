"""A copy of the project that a test may edit, and make run in it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from pipeline.tracking.store import tell_new_place
from tests.conftest import small_reviews

ROOT = Path(__file__).parent.parent

SMALL = """
tokenize: {vocab_size: 512, phrases: [죽인다]}
pretrain: {objective: none}
train: {embedding: 8, units: [8], epochs: 2, max_tokens_per_batch: 512, learning_rate: 0.02, ngrams: {buckets: 4096}}
evaluate: {worst_errors: 5, distances: [0, 20], control_pieces: 0}
explain: {flow_pieces: 8}
export: {compared_texts: 40}
"""


def readme_blocks(heading: str, readme: str = "pipeline/README.md") -> dict[str, str]:
    """The files that a page shows under a heading: path -> content. Each block's first line names its file."""
    sections = re.split(r"^## ", (ROOT / readme).read_text("utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in sections if part.startswith(heading)]
    blocks = re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", text, flags=re.DOTALL)
    return dict(blocks)


class Project:
    """The project's files as git sees them, with the data set `shop` and the cell `leaky` of its pages added."""

    def __init__(self, below: Path) -> None:
        """Make it below a folder, unless it stands there already."""
        self.root, self.shop = below / "project", below / "shop"
        if not self.root.exists():
            self._copy_files()
            self._follow_pages()

    def _copy_files(self) -> None:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)  # a newer requirements.txt would have make install it
        (self.root / ".venv").symlink_to(ROOT / ".venv")

    def _follow_pages(self) -> None:
        for heading in ("Your own data set", "Your own cell"):
            for path, content in readme_blocks(heading).items():
                self.write(path, content.encode())
        overlay = self.root / "configs" / "data" / "shop.yaml"
        overlay.write_text(overlay.read_text("utf-8") + SMALL, "utf-8")
        self.shop.mkdir()
        for name, count, seed in (("train", 500, 1), ("test", 100, 2)):
            rows = (f"{('neg', 'pos')[label]}\t{text}\n" for text, label in small_reviews(count, seed))
            (self.shop / f"{name}.tsv").write_text("".join(rows), "utf-8")

    def copy(self, below: Path) -> "Project":
        """Copy it with all that was made in it and the times thereof, so that make finds nothing to do."""
        shutil.copytree(self.root, below / "project", symlinks=True)
        shutil.copytree(self.shop, below / "shop")
        copied = Project(below)
        tell_new_place(copied.root / "artifacts" / "mlflow")  # else the first command would, with a line
        return copied

    def write(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    def command(self, *arguments: str) -> list[str]:
        return ["make", "DATA=shop", "CELL=leaky", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        typed = {"TEXT", "AGAINST", "SET", "DATA", "CELL", "PRESET"}
        ours = {"NSMC_DIR", "TFDS_DATA_DIR"} | typed
        kept = {k: v for k, v in os.environ.items() if k not in ours and not k.startswith("MLFLOW_")}
        return kept | {"SHOP_DIR": str(self.shop)}  # without the store that the tests' own MLflow is connected to

    def make(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(*self.command(*arguments), stdin=stdin)

    def run(self, *command: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        given = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, input=stdin or b"", check=False
        )
        return subprocess.CompletedProcess(given.args, given.returncode, given.stdout.decode(), given.stderr.decode())

    def started(self, *arguments: str) -> set[str]:
        """The stages that a successful make ran."""
        done = self.make(*arguments)
        assert done.returncode == 0, done.stderr
        return set(re.findall(r"/(\w+): started", done.stderr))

    def folder(self, stage: str, cell: str = "leaky") -> Path:
        shared = stage in ("ingest", "tokenize")
        return self.root.joinpath("artifacts", "shop", *([] if shared else [cell]), stage)

    def manifest(self, stage: str, cell: str = "leaky") -> dict:
        return json.loads((self.folder(stage, cell) / "manifest.json").read_text("utf-8"))


def only_line(error: str) -> str:
    """Return the one line of an error; make adds its own below it."""
    lines = [
        line for line in error.splitlines() if not re.match(r"make|.*: (started|up to date|done|.* left out)", line)
    ]
    assert len(lines) == 1, error
    return lines[0]
