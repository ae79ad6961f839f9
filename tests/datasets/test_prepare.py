"""Where examples come from: one line where they can't be had, and nothing kept of what is not as pinned."""

import functools
import hashlib
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.checksums import UrlInfo

from pipeline.datasets.nsmc import nsmc_dataset_builder as nsmc
from pipeline.datasets.prepare import prepare
from pipeline.support.errors import UserError

FILES = {
    "ratings_train.txt": "id\tdocument\tlabel\n1\t좋다\t1\n2\t나쁘다\t0\n",
    "ratings_test.txt": "id\tdocument\tlabel\n3\t최고\t1\n4\t최악\t0\n",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder served over HTTP as the corpus's public home, its checksums pinned."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content, "utf-8")
    archive = Path(nsmc.__file__).parent / "dummy_data" / "crawl.zip"
    (folder / "crawl.zip").write_bytes(archive.read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(SimpleHTTPRequestHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    pinned = {
        f"{url}/{path.name}": UrlInfo(
            size=path.stat().st_size, checksum=hashlib.sha256(path.read_bytes()).hexdigest(), filename=path.name
        )
        for path in folder.iterdir()
    }
    monkeypatch.setattr(nsmc, "RATINGS", f"{url}/ratings_{{}}.txt")
    monkeypatch.setattr(nsmc, "CRAWL", f"{url}/crawl.zip")
    monkeypatch.setattr(nsmc.Builder, "url_infos", pinned)
    monkeypatch.delenv("NSMC_DIR", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "cache"))
    yield folder
    server.shutdown()
    server.server_close()


def test_a_download_as_pinned_is_read(home: Path, tmp_path: Path) -> None:
    builder = prepare("nsmc", tmp_path / "scratch")
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == {
        "train": 2,
        "test": 2,
        "unsupervised": 3,
    }


def test_a_flipped_byte_stops_it_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    (home / "ratings_train.txt").write_text(FILES["ratings_train.txt"].replace("1\t좋다", "1\t종다"), "utf-8")
    with pytest.raises(UserError, match=r"nsmc: .*checksum.*nothing of it was kept"):
        prepare("nsmc", tmp_path / "scratch")
    assert not [path for path in (tmp_path / "cache").rglob("*ratings_train*") if path.is_file()]
    assert not list((tmp_path / "scratch").rglob("*.tfrecord*"))


def test_no_network_and_no_local_data_says_what_to_do(home: Path, tmp_path: Path, monkeypatch) -> None:
    pinned = {"http://127.0.0.1:9/ratings_train.txt": UrlInfo(size=1, checksum="0" * 64, filename=None)}
    monkeypatch.setattr(nsmc.Builder, "url_infos", pinned)  # nobody answers there
    with pytest.raises(UserError, match=r"nsmc: no download .*set NSMC_DIR to a folder .*make all DATA=maekrak"):
        prepare("nsmc", tmp_path / "scratch")


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ingest.dataset: 'nobody_knows' is neither in pipeline/datasets nor"):
        prepare("nobody_knows", tmp_path)


def test_labels_the_other_way_round_are_refused(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reversed_info(self: nsmc.Builder) -> tfds.core.DatasetInfo:
        label = tfds.features.ClassLabel(names=["pos", "neg"])
        features = tfds.features.FeaturesDict({"text": tfds.features.Text(), "label": label})
        return tfds.core.DatasetInfo(builder=self, features=features)

    monkeypatch.setattr(nsmc.Builder, "_info", reversed_info)
    with pytest.raises(UserError, match=r"nsmc: has features .*; must have text, and label with names neg, pos"):
        prepare("nsmc", tmp_path / "scratch")
