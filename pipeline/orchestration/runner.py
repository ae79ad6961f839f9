"""Run one stage: verify what it reads, run it aside, log it, seal it, and only then put it in place."""

import errno
import fcntl
import importlib
import math
import os
import shutil
import time
from pathlib import Path
from typing import Any

from pipeline.artifact.checkpoint import CHECKPOINT, seconds_spent
from pipeline.artifact.files import write_atomically
from pipeline.artifact.manifest import MANIFEST, Manifest, digest_of, hash_files, read_manifest, verify
from pipeline.config.names import CELL_STAGES
from pipeline.config.schema import section_type
from pipeline.orchestration.peers import READS_PEERS, find_peers, log_stage_line
from pipeline.orchestration.plan import Plan, plan_path, write_plan
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr

DISK_FULL = [os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)]
MIN_FREE_BYTES = 1 << 20  # bytes
SHOWN_METRICS = 12  # metrics on the line that ends a stage; the manifest holds them all


def run_stage(plan: Plan, artifacts: Path, manifests: list[Path]) -> None:
    """Make the artifact of a plan, unless what is sealed there was made from the very same.

    The artifact is the folder beside the plan's file, of the same name.

    Args:
        manifests: of the artifacts that the stage reads; their folders are named as its parameters. Those of another
            model are one of `others`, by its name.

    Raises:
        UserError: if an input's files disagree with its manifest, or the stage can't do its work.
    """
    path = plan_path(plan, artifacts)
    folder = path.with_suffix("")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second make waits, then finds the work done
        write_plan(plan, artifacts)  # another make, with other values, may have written its own since ours did
        made_from = {read: _mtime(read) for read in (path, *manifests)}
        own = [path.parent for path in manifests if path.parent.parent in (folder.parent, folder.parent.parent)]
        inputs = {read.name: verify(read) for read in own}
        digests = {name: manifest.digest for name, manifest in inputs.items()} | plan.sources
        reads: dict[str, Any] = {read.name: read for read in own}
        if plan.stage in READS_PEERS:
            models = sorted({path.parent.parent for path in manifests if path.parent not in own})
            reads["others"] = find_peers(plan, models, inputs)
            digests |= {
                f"{model}/{stage}": read_manifest(other / stage).digest
                for model, other in reads["others"].items()
                for stage in ("train", "evaluate")
            }
        if _sealed_from(folder, plan, inputs, digests):
            log_stage_line(plan, "up to date")
        else:
            _build_artifact(plan, folder, reads, inputs, digests)
        # make goes by time: what another make has replaced since it was read is newer than what was made from it.
        replaced = any(_mtime(read) != time for read, time in made_from.items())
        os.utime(folder / MANIFEST, (0, 0) if replaced else None)


def _mtime(path: Path) -> int | None:
    """When, in nanoseconds; None where it is no longer, as another model's folder may be deleted at any time."""
    return path.stat().st_mtime_ns if path.exists() else None


def _sealed_from(folder: Path, plan: Plan, inputs: dict[str, Manifest], digests: dict[str, str]) -> bool:
    try:
        sealed = read_manifest(folder)
    except UserError:
        return False  # not complete, or of another version: to be made anew
    if "train" in inputs and sealed.run_id != inputs["train"].run_id:
        return False  # the same weights, but trained anew: its figures belong to that run
    return (sealed.config, sealed.code, sealed.inputs) == (plan.config, plan.code, digests)


def _build_artifact(
    plan: Plan, folder: Path, reads: dict[str, Any], inputs: dict[str, Manifest], digests: dict[str, str]
) -> None:
    aside = _staging_folder(plan, folder, digests)
    checkpoint = aside / CHECKPOINT
    sealed = None
    try:
        log_stage_line(plan, "resumed" if checkpoint.exists() else "started")
        sealed = _run(plan, aside, reads, digests)
        for name, manifest in inputs.items():
            if read_manifest(reads[name]) != manifest:  # by another make: whose figures these are, nobody can tell
                raise UserError(f"{reads[name]}: replaced while {plan.stage} read it; run the same command again")
        from pipeline.tracking.stages import log_stage  # after the stage: MLflow takes seconds to import

        # What measured nothing, as pretrain without an objective, has nothing to show.
        run_id = log_stage(artifacts_of(folder, plan.stage), sealed, aside, inputs) if sealed.metrics else ""
        write_atomically(
            aside / MANIFEST, sealed.model_copy(update={"run_id": run_id}).model_dump_json(indent=1) + "\n"
        )
        _put_in_place(aside, folder)
        (folder / CHECKPOINT).unlink(missing_ok=True)  # last: until then, whatever is killed goes on from it
    except KeyboardInterrupt:
        if checkpoint.exists():
            raise UserError("interrupted; the same command goes on from its last checkpoint") from None
        raise
    except Exception as error:
        # Libraries tell of a full disk in errors of their own: by what they say, or by what is left.
        told = f"{error} {error.__cause__}"
        if any(said in told for said in DISK_FULL) or shutil.disk_usage(folder.parent).free < MIN_FREE_BYTES:
            raise UserError(f"{folder.parent}: the disk is full, or its quota") from error
        if isinstance(error, UserError) and not sealed:
            checkpoint.unlink(missing_ok=True)  # it would fail again; anything else, as memory, may be there next time
        raise
    finally:
        if not checkpoint.exists():
            shutil.rmtree(aside, ignore_errors=True)
    first = list(sealed.metrics.items())[:SHOWN_METRICS]
    figures = ", ".join(f"{name} {value:.4g}" for name, value in first)
    log_stage_line(plan, f"done in {sealed.seconds:.0f} s{figures and ': '}{figures}")


def _staging_folder(plan: Plan, folder: Path, digests: dict[str, str]) -> Path:
    """The folder that a stage fills: empty, but for the checkpoint of a run that was made from the very same."""
    aside = folder.with_name(f".{folder.name}.{digest_of([plan.model_dump(), digests])[:16]}.partial")
    for other in set(folder.parent.glob(f".{folder.name}.*partial")) - {aside}:
        shutil.rmtree(other)
    aside.mkdir(exist_ok=True)
    for left in aside.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name != CHECKPOINT:
            left.unlink()
    return aside


def _run(plan: Plan, out: Path, reads: dict[str, Any], digests: dict[str, str]) -> Manifest:
    start = time.monotonic() - seconds_spent(out / CHECKPOINT)
    with silenced_stderr():
        module = importlib.import_module(f"pipeline.{plan.stage}")
    stage = getattr(module, plan.stage)
    metrics = stage(config=section_type(plan.stage).model_validate(plan.config), out=out, **reads)
    if wrong := [name for name, value in metrics.items() if not math.isfinite(value)]:
        raise UserError(f"{plan.stage}: {wrong[0]} is {metrics[wrong[0]]}: too high a learning rate?")
    return Manifest(
        stage=plan.stage,
        data=plan.data,
        model=plan.model,
        config=plan.config,
        inputs=digests,
        code=plan.code,
        outputs=hash_files(out),
        metrics=metrics,
        seconds=round(time.monotonic() - start, 1),
        run_id="",
    )


def _put_in_place(aside: Path, folder: Path) -> None:
    """Rename, so that at every moment the folder is the old artifact, the new one, or not there."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    aside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def artifacts_of(folder: Path, stage: str) -> Path:
    """The root of all artifacts: above the data set, and above the model where the stage has one."""
    return folder.parents[2 if stage in CELL_STAGES else 1]
