"""An altered artifact is refused by name before anything parses it; and what is parsed can run no code."""

import ast
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.artifact.checkpoint import load_checkpoint
from pipeline.artifact.files import PACKAGE, visible_files
from pipeline.artifact.manifest import read_manifest
from pipeline.config.overlays import load_config
from pipeline.config.schema import Config
from pipeline.model.pretrained import load_pretrained
from pipeline.model.saving import load
from pipeline.orchestration import runner
from pipeline.orchestration.plan import make_plan
from pipeline.serving.reconstruction import load_exported_reconstructor
from pipeline.support.errors import UserError
from tests.conftest import seal


def flip(files: list[Path], chance: random.Random) -> Path:
    path = chance.choice(files)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return path


def swap(files: list[Path], chance: random.Random) -> Path:
    """Put one file in another's place."""
    one, other = chance.sample(files, 2)
    shutil.copyfile(one, other)
    return other


def remove(files: list[Path], chance: random.Random) -> Path:
    path = chance.choice(files)
    path.unlink()
    return path


def truncate(files: list[Path], chance: random.Random) -> Path:
    path = chance.choice(files)
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])
    return path


def add(files: list[Path], chance: random.Random) -> Path:
    path = chance.choice(files).parent / chance.choice(["model.h5", "pieces.json", "zz/variables.index", "__init__.py"])
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(chance.randbytes(chance.randrange(100)))
    return path


ALTERATIONS: list[Callable[[list[Path], random.Random], Path]] = [flip, swap, remove, truncate, add]


@pytest.fixture(scope="module")
def sealed(
    tmp_path_factory: pytest.TempPathFactory,
    config: Config,
    ingest_folder: Path,
    tokenize_folder: Path,
    train_folder: Path,
) -> Path:
    """All that evaluate reads, in its place."""
    artifacts = tmp_path_factory.mktemp("artifacts")
    places = {"ingest": ingest_folder, "tokenize": tokenize_folder, "lstm-quick/train": train_folder}
    for place, folder in places.items():
        shutil.copytree(folder, artifacts / "maekrak" / place)
    seal(artifacts / "maekrak" / "ingest", config, "ingest", {})
    return artifacts


def run_evaluate(artifacts: Path, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the stage as make does, up to where its own code would parse what it reads."""

    def parse(*_: object) -> None:
        raise AssertionError("it was given to the stage")

    monkeypatch.setattr(runner, "_run", parse)
    runner.run_stage(make_plan("evaluate", config, "maekrak", "lstm-quick"), artifacts)


def refused(count: int, sealed: Path, config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Alter `count` artifacts, each a fresh copy, and return of how many the error names the file that was altered."""
    named = 0
    for n in range(count):
        chance, copy = random.Random(n), folder / str(n)
        shutil.copytree(sealed, copy)
        artifact = copy / "maekrak" / chance.choice(["ingest", "tokenize", "lstm-quick/train"])
        files = [path for path in visible_files(artifact) if path.name != "manifest.json"]
        altered = ALTERATIONS[n % len(ALTERATIONS)](files, chance)
        with pytest.raises(UserError) as caught:
            run_evaluate(copy, config, monkeypatch)
        said = rf"{re.escape(str(altered))}: (is|has) .*; delete {re.escape(str(artifact))} "
        named += bool(re.match(said, str(caught.value)))
        shutil.rmtree(copy)
    return named


def test_altered_artifacts_are_refused_by_name(
    sealed: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(20, sealed, config, tmp_path, monkeypatch) == 20


@pytest.mark.slow
def test_200_altered_artifacts_are_refused_by_name(
    sealed: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(200, sealed, config, tmp_path, monkeypatch) == 200


def test_an_unaltered_one_is_given_to_the_stage(
    sealed: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(sealed, tmp_path / "copy")
    with pytest.raises(AssertionError, match="it was given to the stage"):
        run_evaluate(tmp_path / "copy", config, monkeypatch)


def calls(name: str) -> list[tuple[str, dict[str, object]]]:
    """Every call of a function of this name in the package: where, and its constant arguments by keyword."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name):
                constants = {word.arg: getattr(word.value, "value", None) for word in node.keywords if word.arg}
                found.append((f"{path.relative_to(PACKAGE)}:{node.lineno}", constants))
    return found


def test_nothing_is_pickled_and_what_could_be_is_told_not_to() -> None:
    arrays, models = calls("np.load"), calls("saving.load_model")
    assert arrays and models
    assert [where for where, given in arrays if given.get("allow_pickle") is not False] == []
    assert [where for where, given in models if given.get("safe_mode") is not True] == []
    pickles = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    imported = {
        alias.name.partition(".")[0]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
    }
    assert "numpy" in imported and not imported & pickles


class Planted:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        raise_ = "raise SystemExit('code of a file was run')"
        return exec, (raise_,)


def test_a_pickle_in_an_array_and_code_in_a_model_are_refused(
    config: Config, train_folder: Path, tmp_path: Path
) -> None:
    for name in ("pretrained.npz", ".checkpoint.npz"):
        np.savez(tmp_path / name, progress=np.array([Planted()]), **{"embedding/0": np.array([Planted()])})
    network = keras.Sequential([keras.Input((1,), dtype="int32"), keras.layers.Embedding(4, 2, name="embedding")])
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_pretrained(network, tmp_path)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_checkpoint(tmp_path / ".checkpoint.npz", network.variables)
    train = tmp_path / "train"
    shutil.copytree(train_folder, train)
    keras.Sequential([keras.Input((1,)), keras.layers.Lambda(lambda x: x + 1)]).save(train / "model.keras")
    with pytest.raises(ValueError, match="unsafe"):
        load(train)


@pytest.mark.parametrize("altered", ["tokenize/pieces.model", "pretrain/pretrained.npz"])
def test_what_predict_reconstructs_with_is_checked_before_it_is_read(altered: str, tmp_path: Path) -> None:
    config = load_config("maekrak", "lstm", "pretrain.objective=seq2seq")
    folders = [tmp_path / stage for stage in ("tokenize", "pretrain", "train", "export")]
    inputs: dict[str, str] = {}
    for folder in folders:
        folder.mkdir()
        (folder / {"tokenize": "pieces.model", "pretrain": "pretrained.npz"}.get(folder.name, "file")).touch()
        seal(folder, config, folder.name, {})
        manifest = read_manifest(folder).model_copy(update={"inputs": inputs})
        (folder / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
        inputs = {folder.name: manifest.digest}
    (tmp_path / altered).write_bytes(b"?")
    with pytest.raises(UserError, match=rf"{altered}: has sha256 .*; delete"):
        load_exported_reconstructor(*folders)
