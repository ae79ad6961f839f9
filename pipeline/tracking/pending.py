"""Log what is sealed and not in MLflow yet: a stage that was just made, and what earlier commands could not log.

A manifest without a run is what has to be logged. So nothing that MLflow refuses costs what a stage has made.
"""

import sys
from pathlib import Path

from pipeline.artifact.files import lock_of, locked, write_atomically
from pipeline.artifact.manifest import MANIFEST, Manifest, digest_of, read_manifest, set_run_id
from pipeline.config.names import CELL_STAGES, STAGES
from pipeline.support.errors import UserError
from pipeline.tracking.stages import RunLostError, log_stage
from pipeline.tracking.store import DATABASE, named_store, without_password

USED_STORE = ".store"  # holds the digest of the store that the runs are in, once it was another than the project's own


def log_pending(artifacts: Path) -> None:
    """Log all sealed artifacts that have no run, in the order of stages. What can't be logged is said in one line.

    Where the store, or a model's run, is no longer there, what it held is logged again; so it is where the store is
    another one than before.
    """
    elsewhere = named_store()
    failed: dict[str, str] = {}
    waiting = 0
    try:
        _forget_runs_of_another_store(artifacts, elsewhere)
        if not _pending(artifacts):
            return
        if elsewhere:
            print(f"mlflow: runs go to {without_password(elsewhere)}", file=sys.stderr, flush=True)
        (artifacts / "mlflow").mkdir(parents=True, exist_ok=True)
        with locked(artifacts / "mlflow" / ".logging.lock"):  # two that log at once would mix their runs
            for folder, _ in _pending(artifacts):
                if elsewhere and failed:  # a server that is away is waited for once
                    waiting += 1
                else:
                    _log(artifacts, folder, failed)
    except OSError as error:
        failed[str(artifacts / "mlflow")] = _one_line(error)
    if failed:
        (first, reason), more = next(iter(failed.items())), len(failed) - 1 + waiting
        others = f" and {more} more" if more else ""
        print(
            f"mlflow: {first}{others} not logged ({reason}); kept, and logged by the next command",
            file=sys.stderr,
            flush=True,
        )


def _forget_runs_of_another_store(artifacts: Path, elsewhere: str) -> None:
    """Have all be logged again where the store is another one than before, or this project's own is gone.

    In a store that holds the run of an artifact already, that run is found again.
    """
    record = artifacts / "mlflow" / USED_STORE
    used = record.read_text("utf-8") if record.exists() else ""
    is_gone = not elsewhere and not (artifacts / "mlflow" / DATABASE).exists()
    if used != digest_of(elsewhere) and (used or elsewhere):
        record.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(record, digest_of(elsewhere))
    elif not is_gone:
        return
    for folder, sealed in _sealed(artifacts):
        if sealed.run_id:
            set_run_id(folder, "")


def _log(artifacts: Path, folder: Path, failed: dict[str, str]) -> None:
    """Log one artifact, and write its run into its manifest; on failure, add the reason to `failed`."""
    with locked(lock_of(folder), wait=False) as is_held:
        if not is_held:  # a make is at work on it, and logs it
            return
        try:
            sealed = read_manifest(folder)
            inputs = _inputs(artifacts, sealed)
            try:
                run_id = log_stage(artifacts, sealed, folder, inputs)
            except RunLostError as lost:
                run_id = _log_model_again(artifacts, sealed, folder, str(lost))
            set_run_id(folder, run_id)
        except Exception as error:  # of MLflow, SQLAlchemy, alembic, the disk: none may cost what was made
            failed[str(folder.relative_to(artifacts))] = _one_line(error)


def _log_model_again(artifacts: Path, sealed: Manifest, folder: Path, lost: str) -> str:
    """Log all of a model whose run the store lost into a new run, and the artifact that resumes it; return the run."""
    model = folder.parent
    print(f"mlflow: the run of {sealed.data}, {sealed.model} is gone; it is logged again", file=sys.stderr, flush=True)
    others = [other for other, manifest in _sealed(artifacts) if other.parent == model and manifest.run_id == lost]
    for other in sorted(others, key=_order, reverse=True):  # train last: killed before, the same is found again
        set_run_id(other, "")
    for other in sorted(others, key=_order):
        manifest = read_manifest(other)
        set_run_id(other, log_stage(artifacts, manifest, other, _inputs(artifacts, manifest)))
    return log_stage(artifacts, sealed, folder, _inputs(artifacts, sealed))


def _inputs(artifacts: Path, sealed: Manifest) -> dict[str, Manifest]:
    """Return the manifests of the stages that an artifact was made from, as they stand.

    Raises:
        UserError: if one was made again since, with another content, or is not logged itself.
    """
    found = {}
    for name in (stage for stage in STAGES if stage in sealed.inputs):
        shared = artifacts / sealed.data
        found[name] = read_manifest(shared / str(sealed.model) / name if name in CELL_STAGES else shared / name)
        if found[name].digest != sealed.inputs[name]:
            raise UserError(f"{name}, which it was made from, has changed since")
    if "train" in found and not found["train"].run_id:
        raise UserError("train is not logged")
    return found


def _pending(artifacts: Path) -> list[tuple[Path, Manifest]]:
    # What measured nothing, as pretrain without an objective, has nothing to show.
    return [(folder, sealed) for folder, sealed in _sealed(artifacts) if sealed.metrics and not sealed.run_id]


def _sealed(artifacts: Path) -> list[tuple[Path, Manifest]]:
    """Return all artifacts with their manifests, in the order of stages."""
    paths = [*artifacts.glob(f"*/*/{MANIFEST}"), *artifacts.glob(f"*/*/*/{MANIFEST}")]
    folders = sorted((path.parent for path in paths if _is_artifact(path.parent)), key=_order)
    found = []
    for folder in folders:
        try:
            found.append((folder, read_manifest(folder)))
        except UserError:  # of another format, or just replaced: its stage tells of it
            continue
    return found


def _is_artifact(folder: Path) -> bool:
    return folder.name in STAGES and not folder.parent.name.startswith(".")


def _order(folder: Path) -> tuple[int, Path]:
    return STAGES.index(folder.name), folder


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    shown = text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"
    return shown if len(shown) <= 200 else f"{shown[:197]}..."
