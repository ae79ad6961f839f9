"""A stage of one's own, made by the four steps of "Your own stage" in pipeline/README.md and no other edit."""

import re
from pathlib import Path

import pytest

from pipeline.config.overlays import load_config
from pipeline.text.reviews import write_reviews
from tests.conftest import seal, small_reviews
from tests.project import Project

STAGE = '''"""count: how many words the reviews of train have."""

from pathlib import Path

from pipeline.config.schema import CountConfig
from pipeline.text.reviews import read_reviews


def count(config: CountConfig, ingest: Path, out: Path) -> dict[str, float]:
    """Write `words.txt`, the words of train that are long enough."""
    words = [word for text in read_reviews(ingest, "train").texts for word in text.split()]
    long = [word for word in words if len(word) >= config.letters]
    (out / "words.txt").write_text("\\n".join(long), "utf-8")
    return {"train_words": float(len(long))}
'''

EDITS = [  # file, the line before, what is added
    ("pipeline/config/schema.py", "class Config(Section):", "class CountConfig(Section):\n    letters: Count\n\n\n"),
    ("pipeline/config/schema.py", "    explain: ExplainConfig\n", "    count: CountConfig\n"),
    ("configs/base.yaml", "explain:\n", "count:\n  letters: 2                   # shorter words say little\n\n"),
    ("Makefile", "EXPLAIN := ", "COUNT := $(MODEL_DIR)/count/manifest.json\n"),
    ("Makefile", "explain: $(EXPLAIN)", "count: $(COUNT) ## Count the words of train\n"),
    ("Makefile", "$(EXPLAIN): $(MODEL_DIR)", "$(COUNT): $(MODEL_DIR)/count.json $(INGEST)\n"),
]


@pytest.mark.slow
def test_a_stage_is_four_files(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("pipeline/count.py", STAGE.encode())
    for name, before, added in EDITS:
        path = project.root / name
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, added + before), "utf-8")
    makefile = project.root / "Makefile"
    text = makefile.read_text("utf-8")
    text = re.sub(r"^(PLANS := .*)\$\(EXPLAIN\)", r"\1$(COUNT) $(EXPLAIN)", text, flags=re.MULTILINE)
    text = text.replace(".PHONY: all ingest", ".PHONY: all count ingest", 1)
    makefile.write_text(text, "utf-8")
    ingest = project.root / "artifacts" / "maekrak" / "ingest"
    ingest.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        write_reviews(ingest / f"{split}.parquet", small_reviews(50, seed=1))
    seal(ingest, load_config("maekrak", "lstm"), "ingest", {})
    made = project.make("count", "DATA=maekrak", "CELL=lstm")
    assert made.returncode == 0, made.stderr
    assert "maekrak/lstm/count: started: not made yet" in made.stderr and "train_words" in made.stderr
    folder = ingest.parent / "lstm" / "count"
    assert {path.name for path in folder.iterdir()} == {"words.txt", "manifest.json"}
    again = project.make("count", "DATA=maekrak", "CELL=lstm", "SET=count.letters=3")
    assert "started: config count.letters 2 -> 3" in again.stderr
    why = project.make("why", "DATA=maekrak", "CELL=lstm").stdout.splitlines()
    assert "count: config count.letters 3 -> 2" in why and "ingest: up to date" in why
    holds = project.run(
        ".venv/bin/python", "-m", "pytest", "-q", "tests/test_makefile.py", "-k", "edges or sections or help"
    )
    assert holds.returncode == 0, holds.stdout
