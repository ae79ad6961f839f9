"""The runner: verify what a stage reads, run it aside, seal it, and only then put it in place and log it."""

import errno
import importlib
import math
import os
import shutil
import sys
import time
from pathlib import Path

from pipeline.artifact.checkpoint import CHECKPOINT, seconds_spent
from pipeline.artifact.files import lock_of, locked, write_atomically
from pipeline.artifact.manifest import MANIFEST, Manifest, digest_of, hash_files, read_manifest
from pipeline.config.names import make_arguments
from pipeline.config.schema import section_type
from pipeline.orchestration.inputs import Inputs, input_folders, verify_inputs
from pipeline.orchestration.plan import Plan, plan_path, write_plan
from pipeline.orchestration.staleness import in_one_line, staleness
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr
from pipeline.tracking.pending import log_pending

DISK_FULL = [os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)]
MIN_FREE_BYTES = 1 << 20
SHOWN_METRICS = 12  # on the line that ends a stage; the manifest holds them all


def run_stage(plan: Plan, artifacts: Path) -> None:
    """Make the artifact of a plan, unless what is sealed there was made from the very same.

    The artifact is the folder beside the plan's file, of the same name.

    Raises:
        UserError: if an input's files disagree with its manifest, or the stage can't do its work.
    """
    path = plan_path(plan, artifacts)
    folder = path.with_suffix("")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(lock_of(folder)):  # a second make waits, then finds the work done
        write_plan(plan, artifacts)  # another make, with other values, may have written its own since ours did
        folders = input_folders(plan, artifacts)
        made_from = {read: _mtime(read) for read in (path, *folders.manifests)}
        inputs = verify_inputs(plan, folders)
        for model in inputs.left_out:
            again = f"make evaluate {make_arguments(plan.data, model.name)}"
            _log(plan, f"{model} is left out, not evaluated, or not alike; {again} to have it in")
        if reasons := staleness(folder, plan, inputs):
            _build_artifact(plan, folder, inputs, reasons)
        else:
            _log(plan, "up to date")
        # make goes by time: what another make has replaced since it was read is newer than what was made from it.
        replaced = any(_mtime(read) != time for read, time in made_from.items())
        os.utime(folder / MANIFEST, (0, 0) if replaced else None)
    log_pending(artifacts)  # last: whatever becomes of it, the artifact is made


def _mtime(path: Path) -> int | None:
    """Return the modification time in nanoseconds; None where another model's folder was deleted meanwhile."""
    return path.stat().st_mtime_ns if path.exists() else None


def _build_artifact(plan: Plan, folder: Path, inputs: Inputs, reasons: list[str]) -> None:
    aside = _staging_folder(plan, folder, inputs.digests)
    checkpoint = aside / CHECKPOINT
    sealed = None
    try:
        _log(plan, f"{'resumed' if checkpoint.exists() else 'started'}: {in_one_line(reasons)}")
        sealed = _run(plan, aside, inputs)
        _check_unreplaced(plan, inputs)
        write_atomically(aside / MANIFEST, f"{sealed.model_dump_json(indent=1)}\n")
        _put_in_place(aside, folder)
        (folder / CHECKPOINT).unlink(missing_ok=True)  # last: until then, whatever is killed goes on from it
    except KeyboardInterrupt:
        if checkpoint.exists():
            raise UserError("interrupted; the same command goes on from its last checkpoint") from None
        raise
    except Exception as error:
        if _disk_is_full(error, folder.parent):
            raise UserError(f"{folder.parent}: the disk is full, or its quota") from error
        if isinstance(error, UserError) and not sealed:
            checkpoint.unlink(missing_ok=True)  # it would fail again; anything else, as memory, may be there next time
        raise
    finally:
        if not checkpoint.exists():
            shutil.rmtree(aside, ignore_errors=True)
    first = list(sealed.metrics.items())[:SHOWN_METRICS]
    figures = ", ".join(f"{name} {value:.4g}" for name, value in first)
    _log(plan, f"done in {sealed.seconds:.0f} s{figures and ': '}{figures}")


def _check_unreplaced(plan: Plan, inputs: Inputs) -> None:
    for name, manifest in inputs.manifests.items():
        found = read_manifest(inputs.arguments[name])
        if found not in (manifest, manifest.model_copy(update={"run_id": manifest.run_id or found.run_id})):
            # By another make: whose figures these are, nobody can tell. That it was logged meanwhile changes nothing.
            raise UserError(
                f"{inputs.arguments[name]}: replaced while {plan.stage} read it; run the same command again"
            )


def _disk_is_full(error: Exception, folder: Path) -> bool:
    """Libraries tell of a full disk in errors of their own: recognise it by their text, or by what is left."""
    text = f"{error} {error.__cause__}"
    return any(message in text for message in DISK_FULL) or shutil.disk_usage(folder).free < MIN_FREE_BYTES


def _staging_folder(plan: Plan, folder: Path, digests: dict[str, str]) -> Path:
    """Return the folder that a stage fills: empty, but for the checkpoint of a run that was made from the very same."""
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


def _run(plan: Plan, out: Path, inputs: Inputs) -> Manifest:
    start = time.monotonic() - seconds_spent(out / CHECKPOINT)
    with silenced_stderr():
        module = importlib.import_module(f"pipeline.{plan.stage}")
    stage = getattr(module, plan.stage)
    metrics = stage(config=section_type(plan.stage).model_validate(plan.config), out=out, **inputs.arguments)
    if wrong := [name for name, value in metrics.items() if not math.isfinite(value)]:
        raise UserError(f"{plan.stage}: {wrong[0]} is {metrics[wrong[0]]}: too high a learning rate?")
    return Manifest(
        **plan.model_dump(exclude={"sources"}),
        inputs=inputs.digests,
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


def _log(plan: Plan, text: str) -> None:
    print(f"{plan.name}: {text}", file=sys.stderr, flush=True)
