"""Which other models stand beside the one that is explained; from where a stage goes on."""

import errno
import os
from pathlib import Path

import pytest

from pipeline.artifact.checkpoint import save_checkpoint
from pipeline.artifact.manifest import Manifest, hash_files, read_manifest
from pipeline.config.overlays import load_config
from pipeline.orchestration import runner
from pipeline.orchestration.inputs import Folders, Inputs, verify_inputs
from pipeline.orchestration.plan import Plan, make_plan, plan_path, write_plan
from pipeline.support.errors import UserError

PLAN = make_plan("explain", load_config("maekrak", "lstm"), "maekrak", "lstm")
NOTHING = Inputs({}, {}, {}, [])


def seal(folder: Path, stage: str, **changes: object) -> Manifest:
    folder.mkdir(parents=True)
    (folder / "file").write_text(str(folder), "utf-8")
    made = {"stage": stage, "data": "maekrak", "model": folder.parent.name, "config": {"pairs": "ko"}, "inputs": {}}
    manifest = Manifest.model_validate(
        {
            **made,
            "code": {},
            "libraries": {},
            "outputs": hash_files(folder),
            "metrics": {},
            "seconds": 0,
            "run_id": "",
            **changes,
        }
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
    return manifest


def make_model(folder: Path, pieces: str, trained: dict[str, object], measured: dict[str, object]) -> Manifest:
    """Seal a model's train and evaluate as the stages would, but for some changes; returns the latter."""
    train = seal(folder / "train", "train", **{"inputs": {"tokenize": pieces}, **trained})
    return seal(folder / "evaluate", "evaluate", **{"inputs": {"ingest": "i", "train": train.digest}, **measured})


@pytest.mark.parametrize(
    ("trained", "measured", "kept"),
    [
        ({}, {}, True),
        ({"inputs": {"tokenize": "other pieces"}}, {}, False),
        ({}, {"inputs": {"ingest": "i", "train": "an earlier one"}}, False),
        ({}, {"config": {"pairs": "en"}}, False),
        ({}, {"config": {"pairs": "ko", "control_pieces": 0}}, True),
        ({"code": {"pipeline/model.py": "as it was"}}, {}, False),
        ({}, {"code": {"pipeline/evaluate.py": "as it was"}}, False),
    ],
)
def test_models_stand_beside_one_another_if_they_were_made_alike(
    trained: dict[str, object], measured: dict[str, object], kept: bool, tmp_path: Path
) -> None:
    pieces = seal(tmp_path / "tokenize", "tokenize")
    own = make_model(tmp_path / "lstm", pieces.digest, {}, {})
    make_model(tmp_path / "gru-quick", pieces.digest, trained, measured)
    seal(tmp_path / "vanilla" / "train", "train", inputs={"tokenize": pieces.digest})  # not evaluated yet
    names = ("gru-quick", "vanilla", "gone")
    models = [tmp_path / name for name in names]
    folders = Folders({"tokenize": tmp_path / "tokenize", "evaluate": tmp_path / "lstm" / "evaluate"}, models)
    inputs = verify_inputs(PLAN, folders)
    assert inputs.manifests == {"tokenize": pieces, "evaluate": own}
    assert ("gru-quick/train" in inputs.digests) == kept
    assert inputs.arguments["peers"] == ({"gru-quick": tmp_path / "gru-quick"} if kept else {})
    assert [model.name for model in inputs.left_out] == (["vanilla", "gone"] if kept else [*names])
    (tmp_path / "gru-quick" / "train" / "file").write_text("altered", "utf-8")
    assert verify_inputs(PLAN, folders).arguments["peers"] == {}


TRAIN_PLAN = make_plan("train", load_config("maekrak", "lstm"), "maekrak", "lstm")


def make_until(
    stops: BaseException, folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, digest: str = "of its input"
) -> set[str]:
    """Run a stage that takes up its checkpoint or writes one, then stops; returns what it found in its folder."""
    found: set[str] = set()

    def stage(plan: Plan, out: Path, inputs: Inputs) -> Manifest:
        found.update(path.name for path in out.iterdir())
        (out / ".checkpoint.npz").touch()
        (out / "half.keras").touch()
        (out / "deep").mkdir()
        raise stops

    monkeypatch.setattr(runner, "_run", stage)
    with pytest.raises((type(stops), UserError)) as caught:
        runner._build_artifact(plan, folder, Inputs({}, {}, {"ingest": digest}, []), ["not made yet"])
    found.add(str(caught.value))
    return found


def finished(plan: Plan, out: Path, inputs: Inputs) -> Manifest:
    """A stage that comes to its end, its last checkpoint still there."""
    (out / ".checkpoint.npz").touch()
    return Manifest(
        stage="train", data="maekrak", model="lstm", config={}, inputs={}, code={}, outputs={},
        libraries={}, metrics={"dev_accuracy": 0.9}, seconds=1.0, run_id="",
    )  # fmt: skip


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
GOES_ON = "interrupted; the same command goes on from its last checkpoint"


@pytest.mark.parametrize(
    ("stops", "said"), [(KeyboardInterrupt(), GOES_ON), (FULL, "{}: the disk is full, or its quota")]
)
def test_what_was_interrupted_goes_on_from_its_checkpoint_alone(
    stops: BaseException, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    said = said.format(tmp_path)
    (tmp_path / ".train.partial").mkdir()
    assert make_until(stops, tmp_path / "train", TRAIN_PLAN, monkeypatch) == {said}
    assert make_until(stops, tmp_path / "train", TRAIN_PLAN, monkeypatch) == {said, ".checkpoint.npz"}
    other = TRAIN_PLAN.model_copy(update={"config": TRAIN_PLAN.config | {"seed": 7}})
    assert make_until(stops, tmp_path / "train", other, monkeypatch) == {said}
    assert make_until(stops, tmp_path / "train", other, monkeypatch, "of another input") == {said}
    what = [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()]
    assert what == ["started", "resumed", "started", "started"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_stage_is_made_as_its_own_command_says_whatever_another_planned_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(plan: Plan, folder: Path, *_: object) -> None:
        made.append(plan)
        folder.mkdir()
        (folder / "manifest.json").touch()

    monkeypatch.setattr(runner, "_build_artifact", make)
    write_plan(TRAIN_PLAN.model_copy(update={"config": TRAIN_PLAN.config | {"seed": 7}}), tmp_path)
    for name in ("ingest", "tokenize", "lstm/pretrain"):
        seal(tmp_path / "maekrak" / name, name.rpartition("/")[2])
    runner.run_stage(TRAIN_PLAN, tmp_path)
    assert made == [TRAIN_PLAN]
    assert Plan.model_validate_json(plan_path(TRAIN_PLAN, tmp_path).read_bytes()) == TRAIN_PLAN


@pytest.mark.parametrize("replaced", ["ingest/manifest.json", "lstm/train.json", None])
def test_what_was_made_from_something_replaced_since_is_older_than_all(
    replaced: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = tmp_path / "maekrak" / "ingest"
    seal(read, "ingest")
    seal(tmp_path / "maekrak" / "tokenize", "tokenize")
    seal(tmp_path / "maekrak" / "lstm" / "pretrain", "pretrain")

    def make(plan: Plan, folder: Path, *_: object) -> None:
        folder.mkdir()
        (folder / "manifest.json").touch()
        if replaced:
            os.utime(tmp_path / "maekrak" / replaced)

    monkeypatch.setattr(runner, "_build_artifact", make)
    os.utime(read / "manifest.json", (9, 9))
    runner.run_stage(TRAIN_PLAN, tmp_path)
    made = (plan_path(TRAIN_PLAN, tmp_path).with_suffix("") / "manifest.json").stat().st_mtime
    plan = plan_path(TRAIN_PLAN, tmp_path).stat().st_mtime
    assert made == 0 if replaced else made >= plan


@pytest.mark.parametrize(
    ("run_id", "later", "is_replaced"),
    [("of seed 1", "of seed 2", True), ("", "now logged", False), ("one", "one", False)],
)
def test_what_another_make_replaced_meanwhile_is_not_sealed(
    run_id: str, later: str, is_replaced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = tmp_path / "train"
    inputs = {"train": seal(read, "train", run_id=run_id)}

    def stage(plan: Plan, out: Path, given: Inputs) -> Manifest:
        (read / "manifest.json").write_text(inputs["train"].model_copy(update={"run_id": later}).model_dump_json())
        return inputs["train"].model_copy(update={"metrics": {"test_accuracy": 0.9}})

    monkeypatch.setattr(runner, "_run", stage)
    given = (PLAN, tmp_path / "explain", Inputs({"train": read}, inputs, {}, []), ["not made yet"])
    if is_replaced:
        with pytest.raises(UserError, match=r"train: replaced while explain read it; run the same command again"):
            runner._build_artifact(*given)
    else:
        runner._build_artifact(*given)
    assert [path.name for path in tmp_path.iterdir() if path != read] == ([] if is_replaced else ["explain"])


def test_a_training_that_was_killed_counts_what_it_had_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pipeline.train

    def train(config: object, out: Path) -> dict[str, float]:
        (out / "model.keras").touch()
        return {"dev_accuracy": 0.9}

    monkeypatch.setattr(pipeline.train, "train", train)
    save_checkpoint(tmp_path / ".checkpoint.npz", [], {"seconds": 3600.0})
    assert 3600 <= runner._run(TRAIN_PLAN, tmp_path, NOTHING).seconds < 3660


def test_what_was_made_is_sealed_before_it_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ingest", "tokenize", "lstm/pretrain"):
        seal(tmp_path / "maekrak" / name, name.rpartition("/")[2])
    folder, found = tmp_path / "maekrak" / "lstm" / "train", []
    monkeypatch.setattr(runner, "_run", finished)
    monkeypatch.setattr(
        runner, "log_pending", lambda artifacts: found.append((artifacts, read_manifest(folder).run_id))
    )
    runner.run_stage(TRAIN_PLAN, tmp_path)
    assert found == [(tmp_path, "")]
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_what_would_fail_again_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_until(UserError("too high a learning rate?"), tmp_path / "train", TRAIN_PLAN, monkeypatch)
    assert not list(tmp_path.iterdir())


def test_what_another_process_made_fail_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_until(MemoryError("no memory left"), tmp_path / "train", TRAIN_PLAN, monkeypatch)
    again = make_until(MemoryError("no memory left"), tmp_path / "train", TRAIN_PLAN, monkeypatch)
    assert again == {".checkpoint.npz", "no memory left"}


@pytest.mark.parametrize("renames", [0, 1], ids=["before the old is aside", "before the new is in place"])
def test_killed_while_it_is_put_in_place_it_goes_on(
    renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_run", finished)
    runner._build_artifact(TRAIN_PLAN, tmp_path / "train", NOTHING, ["not made yet"])  # an older one
    left, rename = [None] * renames, Path.rename

    def killed(path: Path, target: Path) -> Path:
        if not left:
            raise SystemExit  # as a kill, it is no Exception
        left.pop()
        return rename(path, target)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Path, "rename", killed)
        runner._build_artifact(TRAIN_PLAN, tmp_path / "train", NOTHING, ["not made yet"])
    (aside,) = tmp_path.glob(".train.*.partial")
    assert (aside / ".checkpoint.npz").exists() and (tmp_path / "train").exists() == (renames == 0)
    runner._build_artifact(TRAIN_PLAN, tmp_path / "train", NOTHING, ["not made yet"])
    assert [path.name for path in tmp_path.rglob("*")] == ["train", "manifest.json"]
