"""Prepare a data set with its TFDS builder, and explain to the user what went wrong."""

import contextlib
import importlib
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import requests
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import downloader
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from pipeline.artifact.files import PACKAGE
from pipeline.config.schema import FilesConfig
from pipeline.datasets.local import OWN_FILES, builder_folder, local_folder, local_variable
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr

DOWNLOAD_FAILED = (tfds.download.DownloadError, requests.RequestException)
PROBE_SECONDS = 6
MAX_RETRIES = 4  # of a download: 3 s of waiting; TFDS's ten are minutes


def prepare(dataset: str, folder: Path, files: FilesConfig | None = None) -> tfds.core.DatasetBuilder:
    """Return the builder of `dataset`, with its examples prepared.

    A data set of this project is prepared in `folder`, each time anew, since its local files may have changed. One of
    the TFDS catalogue is read from `TFDS_DATA_DIR`, else from TFDS's own default, and downloaded to there if need be.

    Args:
        files: how to read files of one's own, for the data set `files` alone.

    Raises:
        UserError: if there is neither local data nor a network, a download has the wrong checksum, features or splits
            are not those that the pipeline needs, or a builder of this project fails.
    """
    with silenced_stderr():
        import tensorflow  # noqa: F401  else TFDS imports it later, and it would print hardware warnings
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    cache = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    with _explained_errors(dataset, cache):
        builder = _make_builder(dataset, folder, cache, files)
        _check_features(dataset, builder.info)
        _probe_network(dataset, builder, cache)
        downloader.MAX_RETRIES = MAX_RETRIES
        with contextlib.redirect_stdout(None):  # TFDS prints the name of a temporary folder
            builder.download_and_prepare(
                download_dir=(cache if _is_downloaded(dataset, builder) else folder) / "downloads"
            )
    if missing := {"train", "test"} - set(builder.info.splits):
        raise UserError(f"{dataset}: has no split {missing.pop()}; it must have train and test")
    return builder


@contextlib.contextmanager
def _explained_errors(dataset: str, cache: Path) -> Iterator[None]:
    """Turn the errors of TFDS, of the network and of a builder of this project into a `UserError`."""
    try:
        yield
    except tfds.core.DatasetNotFoundError:
        raise UserError(
            f"ingest.dataset: {dataset!r} is neither in pipeline/datasets nor in TFDS's catalogue"
        ) from None
    except NonMatchingChecksumError as error:
        for unwanted in (cache / "downloads" / dataset).glob("*.tmp.*"):
            shutil.rmtree(unwanted)
        url = str(error).split(",")[0].removeprefix("Artifact ")
        raise UserError(f"{dataset}: {url} does not have the checksum that is pinned; nothing of it was kept") from None
    except DOWNLOAD_FAILED as error:
        raise UserError(
            f"{dataset}: no download ({_first_line(error)}); connect to the network, "
            f"set {local_variable(dataset)} to a folder with the data, or type make all DATA=maekrak"
        ) from None
    except UserError:
        raise
    except Exception as error:
        line = _line_in_builder(dataset, error)
        is_of_disk = isinstance(error, OSError) and not line
        if is_of_disk or not builder_folder(dataset).is_dir():
            raise
        raise UserError(f"{line or dataset}: {type(error).__name__}: {_in_one_line(error)}") from error


def _make_builder(dataset: str, folder: Path, cache: Path, files: FilesConfig | None) -> tfds.core.DatasetBuilder:
    if not builder_folder(dataset).is_dir():
        return tfds.builder(dataset, data_dir=cache)
    module = importlib.import_module(f"pipeline.datasets.{dataset}.{dataset}_dataset_builder")
    return module.Builder(data_dir=folder, **({"files": files} if dataset == OWN_FILES else {}))


def _check_features(dataset: str, info: tfds.core.DatasetInfo) -> None:
    names = getattr(info.features["label"], "names", None) if {"text", "label"} <= set(info.features) else None
    if names != ["neg", "pos"]:
        raise UserError(
            f"{dataset}: has features {sorted(info.features)}; must have text, and label with names neg, pos"
        )


def _is_downloaded(dataset: str, builder: tfds.core.DatasetBuilder) -> bool:
    """Tell whether files of the data set are downloaded, and so kept in the cache for the next time."""
    return bool(builder.url_infos) and not local_folder(dataset) and not Path(builder.data_dir).exists()


def _probe_network(dataset: str, builder: tfds.core.DatasetBuilder, cache: Path) -> None:
    """Request the first download's header, unless all is here: without a network, TFDS would retry for minutes.

    It takes no longer than `PROBE_SECONDS`. A request's own time limit counts for each address of a host anew, and not
    for the search of its name.

    Raises:
        requests.RequestException: without an answer.
    """
    finished = list((cache / "downloads" / dataset).rglob("*.INFO"))  # TFDS writes one beside a download, last
    if not _is_downloaded(dataset, builder) or len(finished) >= len(builder.url_infos):
        return
    url = next(iter(builder.url_infos))
    failed: list[requests.RequestException] = []

    def request() -> None:
        try:
            requests.get(url, stream=True, timeout=PROBE_SECONDS).close()
        except requests.RequestException as error:
            failed.append(error)

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    if thread.is_alive():
        raise requests.ConnectTimeout(f"no answer from {url} in {PROBE_SECONDS} s")
    if failed:
        raise failed[0]


def _line_in_builder(dataset: str, error: Exception) -> str:
    """Return the innermost line of a data set's own code in an error's traceback; empty if there is none."""
    folder = builder_folder(dataset)
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(folder)
    ]
    return f"{Path(frames[-1].filename).relative_to(PACKAGE.parent)}, line {frames[-1].lineno}" if frames else ""


def _in_one_line(error: Exception) -> str:
    """Return an error's text as one line; of a long one its ends, since TFDS puts the whole example before the cause.

    >>> _in_one_line(ValueError("Failed to encode example:\\n" + "a" * 500 + "\\nClass label 7 greater than 2"))[-50:]
    'aaaaaaaaaaaaaaaaaaaaa Class label 7 greater than 2'
    """
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:120]} ... {text[-170:]}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]
