"""The command line that the Makefile calls: `python -m pipeline COMMAND ...`.

Each command imports what it needs when it runs, so that those without TensorFlow answer at once.
"""

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline import __version__
from pipeline.config.names import STAGES, model_name
from pipeline.config.overlays import load_config
from pipeline.config.schema import Config
from pipeline.datasets.local import own_bytes
from pipeline.support.environment import prepare_environment
from pipeline.support.errors import UserError

# The errors of a full, read-only or forbidden disk, which the user can mend. Any other OSError is a bug.
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EFBIG}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 1 after one line on standard error that says why not."""
    _print_anything()
    options = _parser().parse_args(arguments)
    try:
        prepare_environment()
        options.run(options)
    except UserError as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader has read enough, as head does; a stage isn't done by that
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(options.command in STAGES)
    except OSError as error:
        if error.errno not in DISK:
            raise
        return _fail(f"{error.filename or options.artifacts}: {error.strerror}")
    except KeyboardInterrupt:
        return _fail("interrupted; nothing half-made is left")
    return 0


def _print_anything() -> None:
    """Print what the terminal's encoding lacks, an emoji in EUC-KR, as ?: it would end the command in mid-row."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="Run one command, as make does.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--artifacts", type=Path, required=True)
    chosen.add_argument("--data", required=True)
    chosen.add_argument("--cell", required=True)
    chosen.add_argument("--preset", required=True, help="empty for none")
    valued = argparse.ArgumentParser(add_help=False, parents=[chosen])
    valued.add_argument("--set", default="", help="section.key=value ...")
    valued.add_argument("--own-texts", action="store_true", help="explain TEXT and AGAINST, those of them that are set")

    def add(name: str, run: Callable[[argparse.Namespace], None], parent: argparse.ArgumentParser, what: str) -> None:
        commands.add_parser(name, parents=[parent], help=what).set_defaults(run=run)

    add("plan", _plan, valued, "write what each stage is to be made from")
    add("why", _why, valued, "say for each stage whether it would run again, and why")
    add("summary", _summary, chosen, "the results in short")
    add("compare", _compare, chosen, "a table and a figure of the runs so far")
    add("ui", _ui, chosen, "MLflow's user interface")
    add("predict", _predict, chosen, "read TEXT, the lines of FILE, or standard input")
    add("score", _score, _scored(chosen), "classify the rows of Parquet files, IN, into OUT")
    add("notebooks", _notebooks, chosen, "the pages of the notebooks that were executed")
    add("docs", _docs, chosen, "one static site of all that is written")
    add("bench", _bench, valued, "time the recurrent layer beside others")
    add("bench-serve", _bench_serve, chosen, "time the HTTP service beside the model itself")
    add("serve", _serve, _served(valued), "answer over HTTP, with a page")
    for stage in STAGES:
        add(stage, _stage, valued, f"run {stage}, unless its artifact is up to date")
    return parser


def _served(valued: argparse.ArgumentParser) -> argparse.ArgumentParser:
    served = argparse.ArgumentParser(add_help=False, parents=[valued])
    served.add_argument("--host", required=True)
    served.add_argument("--port", type=int, required=True)
    served.add_argument("--config", type=Path, help="a models.config of TensorFlow Serving")
    served.add_argument("--allowed-hosts", default="", help="names that requests may be for besides, by commas")
    served.add_argument("--cors", action="store_true", help="let pages of other origins ask")
    return served


def _scored(chosen: argparse.ArgumentParser) -> argparse.ArgumentParser:
    scored = argparse.ArgumentParser(add_help=False, parents=[chosen])
    scored.add_argument("--engine", required=True, help="local, ray or spark")
    return scored


def _plan(options: argparse.Namespace) -> None:
    from pipeline.orchestration.plan import write_plans
    from pipeline.tracking.pending import log_pending

    write_plans(_config(options), options.data, _model(options), options.artifacts)
    log_pending(options.artifacts)  # what an earlier command could not log


def _why(options: argparse.Namespace) -> None:
    from pipeline.why import why

    why(options.artifacts, _config(options), options.data, _model(options))


def _summary(options: argparse.Namespace) -> None:
    from pipeline.summary import summary

    summary(options.artifacts, options.data, options.cell, options.preset)


def _notebooks(options: argparse.Namespace) -> None:
    from pipeline.notebooks import notebooks

    notebooks(options.artifacts)


def _docs(options: argparse.Namespace) -> None:
    from pipeline.docs import docs

    docs(options.artifacts)


def _compare(options: argparse.Namespace) -> None:
    from pipeline.compare import compare
    from pipeline.tracking.pending import log_pending

    log_pending(options.artifacts)
    compare(options.artifacts, options.data)


def _ui(options: argparse.Namespace) -> None:
    from pipeline.tracking.pending import log_pending
    from pipeline.ui import ui

    log_pending(options.artifacts)
    ui(options.artifacts)


def _predict(options: argparse.Namespace) -> None:
    from pipeline.artifact.manifest import verify
    from pipeline.predict import predict, predict_by_server, predict_file
    from pipeline.serving.reconstruction import load_exported_reconstructor

    of_data = options.artifacts / options.data
    pretrain, train, export = (of_data / _model(options) / stage for stage in ("pretrain", "train", "export"))
    server = os.environ.get("SERVER")
    if not server:
        verify(export)
    if "OUT" in os.environ:
        return predict_file(export, server, options.data)
    if server:
        return predict_by_server(server, options.data)
    predict(export, load_exported_reconstructor(of_data / "tokenize", pretrain, train, export))


def _score(options: argparse.Namespace) -> None:
    from pipeline.artifact.manifest import verify
    from pipeline.score import score

    export = options.artifacts / options.data / _model(options) / "export"
    verify(export)
    score(export, options.engine)


def _bench(options: argparse.Namespace) -> None:
    from pipeline.support.silenced_stderr import silenced_stderr

    config = _config(options)  # first: a bad value need not wait for TensorFlow
    with silenced_stderr():
        from pipeline.bench import bench

    bench(options.artifacts, config, options.data, _model(options))


def _bench_serve(options: argparse.Namespace) -> None:
    from pipeline.bench_serve import bench_serve

    bench_serve(options.artifacts, options.data, options.artifacts / options.data / _model(options))


def _serve(options: argparse.Namespace) -> None:
    from pipeline.serve import serve
    from pipeline.serving.http.server import Address

    hosts = tuple(filter(None, options.allowed_hosts.split(",")))
    address = Address(options.host, options.port, hosts, options.cors)
    kept = _config(options).export.kept_versions
    serve(options.artifacts / options.data / _model(options), options.data, kept, options.config, address)


def _stage(options: argparse.Namespace) -> None:
    from pipeline.orchestration.plan import make_plan
    from pipeline.orchestration.runner import run_stage

    plan = make_plan(options.command, _config(options), options.data, _model(options))
    run_stage(plan, options.artifacts)
    if plan.stage == "export":
        _publish(options, plan.config["kept_versions"])


def _publish(options: argparse.Namespace, kept: int) -> None:
    """Put what was exported among the versions to serve, and say which of them is the champion."""
    from pipeline.serving.server_files import write_server_files
    from pipeline.serving.versions import of_run, publish
    from pipeline.tracking.champion import champion_run

    base = options.artifacts / options.data / _model(options) / "serving"
    newest = publish(base.parent / "export", base, kept)
    write_server_files(base, options.data, newest, of_run(base, champion_run(options.artifacts, options.data)))


def _model(options: argparse.Namespace) -> str:
    return model_name(options.cell, options.preset)


def _config(options: argparse.Namespace) -> Config:
    """Return the checked configuration; with `--own-texts`, those of TEXT and AGAINST that are set stand above it."""
    given = ("TEXT", "AGAINST") if options.own_texts else ()
    texts = {name: os.environ[name] for name in given if name in os.environ}
    return load_config(options.data, options.cell, options.set, texts, options.preset, own_bytes=own_bytes)


def _fail(why: str) -> int:
    print(f"error: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
