"""serve: an HTTP service over exported models, in TensorFlow Serving's words, and a page that shows how they read."""

from pathlib import Path

from pipeline.artifact.manifest import MANIFEST
from pipeline.serving.http.server import Address, configs_of, run
from pipeline.serving.server_files import MODELS, write_server_files
from pipeline.serving.versions import numbers, publish
from pipeline.support.errors import UserError

PUBLISHED = "serving"  # the folder of versions, beside the artifact that they come from


def serve(model: Path, name: str, kept: int, config: Path | None, address: Address) -> None:
    """Serve the versions of a model, or what a `models.config` tells of, until SIGTERM or Ctrl-C.

    Args:
        model: the folder `<data>/<model>`; its `export` is published first, if it is not yet.
        name: of the model, in `/v1/models/<name>`.
        config: a `models.config`; None for the one that `export` writes beside the versions.
        kept: how many versions of it are kept.

    Raises:
        UserError: if there is nothing to serve, or the address can't be had.
    """
    base = model / PUBLISHED
    if config is None and (model / "export" / MANIFEST).exists():
        number = publish(model / "export", base, kept)
        if not (model / MODELS).exists():
            write_server_files(base, name, number, None)
        config = model / MODELS
    if config is None and not numbers(base):
        raise UserError(f"{base}: holds no version of a model; run make export")
    run(configs_of(config, name, base), address)
