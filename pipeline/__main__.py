"""The command line that the Makefile calls: `python -m pipeline COMMAND ...`. Light until a command needs more."""

import argparse
import errno
import os
import sys
from pathlib import Path

from pipeline.config.names import STAGES, model_name
from pipeline.config.overlays import load_config
from pipeline.config.schema import Config
from pipeline.support.errors import UserError

# What a full, read-only or forbidden disk answers: the user's to mend. Any other OSError is a bug.
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EFBIG}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 1 after one line on standard error that says why not."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # on a machine without a GPU TensorFlow logs that as an error
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except UserError as error:
        return _fail(str(error))
    except BrokenPipeError:  # whoever reads our lines has read enough, as head does; a stage isn't done by that
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(options.command in STAGES)
    except OSError as error:
        if error.errno not in DISK:
            raise
        return _fail(f"{error.filename or options.artifacts}: {error.strerror}")
    except KeyboardInterrupt:
        return _fail("interrupted; nothing half-made is left")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--artifacts", type=Path, required=True)
    chosen.add_argument("--data", required=True)
    chosen.add_argument("--cell", required=True)
    chosen.add_argument("--preset", required=True, help="empty for none")
    valued = argparse.ArgumentParser(add_help=False, parents=[chosen])
    valued.add_argument("--set", default="", help="section.key=value ...")
    valued.add_argument("--own-texts", action="store_true", help="explain TEXT and AGAINST, those of them that are set")
    commands.add_parser("plan", parents=[valued], help="write what each stage is to be made from")
    commands.add_parser("summary", parents=[chosen], help="the results in short")
    commands.add_parser("compare", parents=[chosen], help="a table and a figure of the runs so far")
    commands.add_parser("predict", parents=[chosen], help="read TEXT, the lines of FILE, or standard input")
    commands.add_parser("bench", parents=[valued], help="time the recurrent layer beside others")
    for stage in STAGES:
        commands.add_parser(stage, parents=[valued], help=f"run {stage}, unless its artifact is up to date")
    return parser


def _run(options: argparse.Namespace) -> None:
    model = model_name(options.cell, options.preset)
    if options.command == "plan":
        from pipeline.orchestration.plan import write_plans

        write_plans(_config(options), options.data, model, options.artifacts)
    elif options.command == "summary":
        from pipeline.summary import summary

        summary(options.artifacts, options.data, options.cell, options.preset)
    elif options.command == "compare":
        from pipeline.compare import compare

        compare(options.artifacts, options.data)
    elif options.command == "bench":
        from pipeline.support.silenced_stderr import silenced_stderr

        with silenced_stderr():
            from pipeline.bench import bench

        bench(options.artifacts, _config(options), options.data, model)
    elif options.command == "predict":
        from pipeline.artifact.manifest import verify
        from pipeline.predict import predict
        from pipeline.serving.rewriter import load_rewriter

        of_data = options.artifacts / options.data
        pretrain, train, export = (of_data / model / stage for stage in ("pretrain", "train", "export"))
        verify(export)
        predict(export, load_rewriter(of_data / "tokenize", pretrain, train, export))
    else:
        from pipeline.orchestration.plan import make_plan
        from pipeline.orchestration.runner import run_stage

        plan = make_plan(options.command, _config(options), options.data, model)
        run_stage(plan, options.artifacts)


def _config(options: argparse.Namespace) -> Config:
    given = ("TEXT", "AGAINST") if options.own_texts else ()
    texts = {name: os.environ[name] for name in given if name in os.environ}
    return load_config(options.data, options.cell, options.set, texts, options.preset)


def _fail(why: str) -> int:
    print(f"error: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
