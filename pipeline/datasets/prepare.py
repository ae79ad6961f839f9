"""Data sets, one folder each in the form of a TFDS builder: `text`, `label` (neg, pos), splits train and test.

Any data set can take any other's place. A name that has no folder here is one of the TFDS catalogue.
"""

import contextlib
import importlib
import os
import shutil
import sys
import traceback
from pathlib import Path

import requests
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from pipeline.artifact.files import PACKAGE
from pipeline.datasets.local import local_folder, local_variable
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr

NO_DOWNLOAD = (tfds.download.DownloadError, requests.RequestException)


def prepare(dataset: str, folder: Path) -> tfds.core.DatasetBuilder:
    """The builder of `dataset`, its examples prepared and ready to read.

    Ours are prepared in `folder`, afresh, for their local files may have changed. Those of the catalogue are
    where TFDS keeps them (`TFDS_DATA_DIR`, else its own default) and are downloaded to there if need be.

    Raises:
        UserError: where there is neither local data nor a network, a download has the wrong checksum, or a builder of
            ours fails.
    """
    with silenced_stderr():
        import tensorflow  # noqa: F401  TFDS would import it later, and aloud
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    ours = (PACKAGE / "datasets" / dataset).is_dir()
    cache = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    try:
        if ours:
            module = importlib.import_module(f"pipeline.datasets.{dataset}.{dataset}_dataset_builder")
            builder = module.Builder(data_dir=folder)
        else:
            builder = tfds.builder(dataset, data_dir=cache)
        _check(dataset, builder.info)
        _reach(dataset, builder, cache)
        with contextlib.redirect_stdout(None):  # it announces folders that are not there for long
            builder.download_and_prepare(download_dir=cache / "downloads")
    except tfds.core.DatasetNotFoundError:
        raise UserError(
            f"ingest.dataset: {dataset!r} is neither in pipeline/datasets nor in TFDS's catalogue"
        ) from None
    except NonMatchingChecksumError as error:
        for unwanted in (cache / "downloads" / dataset).glob("*.tmp.*"):
            shutil.rmtree(unwanted)
        url = str(error).split(",")[0].removeprefix("Artifact ")
        raise UserError(f"{dataset}: {url} does not have the checksum that is pinned; nothing of it was kept") from None
    except NO_DOWNLOAD as error:
        variable = local_variable(dataset)
        raise UserError(
            f"{dataset}: no download ({_first_line(error)}); "
            f"connect to the network, set {variable} to a folder with the data, or type make all DATA=maekrak"
        ) from None
    except UserError:
        raise
    except Exception as error:
        place = _place(dataset, error)
        if not ours or (isinstance(error, OSError) and not place):  # the disk's, not the builder's
            raise
        raise UserError(f"{place or dataset}: {type(error).__name__}: {_first_line(error)}") from error
    if missing := {"train", "test"} - set(builder.info.splits):
        raise UserError(f"{dataset}: has no split {missing.pop()}; it must have train and test")
    return builder


def _check(dataset: str, info: tfds.core.DatasetInfo) -> None:
    named = getattr(info.features["label"], "names", None) if {"text", "label"} <= set(info.features) else None
    if named != ["neg", "pos"]:
        raise UserError(
            f"{dataset}: has features {sorted(info.features)}; must have text, and label with names neg, pos"
        )


def _reach(dataset: str, builder: tfds.core.DatasetBuilder, cache: Path) -> None:
    """Ask the public home for an answer before TFDS does, which without a network tries for minutes."""
    there = local_folder(dataset) or Path(builder.data_dir).exists() or (cache / "downloads" / dataset).exists()
    if builder.url_infos and not there:
        requests.get(next(iter(builder.url_infos)), stream=True, timeout=20).close()


def _place(dataset: str, error: Exception) -> str:
    """The innermost line of a data set's own code that an error came through; empty if it came through none."""
    folder = PACKAGE / "datasets" / dataset
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(folder)]
    return f"{Path(frames[-1].filename).relative_to(PACKAGE.parent)}, line {frames[-1].lineno}" if frames else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]
