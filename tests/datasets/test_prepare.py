"""What goes wrong with a data set is explained in one line, and nothing of a download with a wrong checksum is kept."""

import errno
import functools
import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.checksums import UrlInfo

from pipeline.datasets import prepare as prepare_module
from pipeline.datasets.nsmc import nsmc_dataset_builder as nsmc
from pipeline.datasets.prepare import prepare
from pipeline.support.errors import UserError

FILES = {
    "ratings_train.txt": "id\tdocument\tlabel\n1\t좋다\t1\n2\t나쁘다\t0\n",
    "ratings_test.txt": "id\tdocument\tlabel\n3\t최고\t1\n4\t최악\t0\n",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a folder over HTTP in place of the corpus's public home, with its checksums pinned."""
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


def test_a_download_with_the_pinned_checksum_is_read(home: Path, tmp_path: Path) -> None:
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
    monkeypatch.setattr(nsmc.Builder, "url_infos", pinned)  # no server there
    with pytest.raises(UserError, match=r"nsmc: no download .*set NSMC_DIR to a folder .*make all DATA=maekrak"):
        prepare("nsmc", tmp_path / "scratch")


@pytest.mark.parametrize("left_over", [False, True])
def test_a_network_that_does_not_answer_is_told_in_time(
    left_over: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request may last longer than its time limit: that counts for each address, and not for the name server."""
    if left_over:  # by a download that was broken off
        (tmp_path / "cache" / "downloads" / "nsmc" / "ratings_train.txt.tmp.1").mkdir(parents=True)
    asked = threading.Event()
    monkeypatch.setattr("requests.get", lambda *_, **__: SimpleNamespace(close=lambda: asked.wait(20)))
    monkeypatch.setattr(prepare_module, "PROBE_SECONDS", 0.2)
    start = time.monotonic()
    with pytest.raises(UserError, match=r"nsmc: no download \(no answer from http.* in 0.2 s\)"):
        prepare("nsmc", tmp_path / "scratch")
    asked.set()
    assert time.monotonic() - start < 15


def test_what_is_downloaded_is_read_again_without_a_network(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare("nsmc", tmp_path / "scratch")
    monkeypatch.setattr("requests.get", lambda *_, **__: 1 / 0)
    for path in home.iterdir():
        path.unlink()
    assert prepare("nsmc", tmp_path / "another").info.splits["train"].num_examples == 2


def test_a_network_that_goes_away_is_told_in_time(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = {"http://127.0.0.1:9/ratings_train.txt": UrlInfo(size=1, checksum="0" * 64, filename=None)}
    monkeypatch.setattr(nsmc.Builder, "url_infos", pinned)
    monkeypatch.setattr(nsmc, "RATINGS", "http://127.0.0.1:9/ratings_{}.txt")
    monkeypatch.setattr(nsmc, "CRAWL", "http://127.0.0.1:9/crawl.zip")
    monkeypatch.setattr("requests.get", lambda *_, **__: SimpleNamespace(close=lambda: None))  # there a moment ago
    start = time.monotonic()
    with pytest.raises(UserError, match="nsmc: no download"):
        prepare("nsmc", tmp_path / "scratch")
    assert time.monotonic() - start < 15


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ingest.dataset: 'nobody_knows' is neither in pipeline/datasets nor"):
        prepare("nobody_knows", tmp_path)


def test_labels_in_another_order_are_refused(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reversed_info(self: nsmc.Builder) -> tfds.core.DatasetInfo:
        label = tfds.features.ClassLabel(names=["pos", "neg"])
        features = tfds.features.FeaturesDict({"text": tfds.features.Text(), "label": label})
        return tfds.core.DatasetInfo(builder=self, features=features)

    monkeypatch.setattr(nsmc.Builder, "_info", reversed_info)
    with pytest.raises(UserError, match=r"nsmc: has features .*; must have text, and label with names neg, pos"):
        prepare("nsmc", tmp_path / "scratch")


def test_an_error_in_a_builder_is_named_with_its_line(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nsmc, "read_ratings", None)
    line = r"pipeline/datasets/nsmc/nsmc_dataset_builder\.py, line \d+: TypeError: 'NoneType' object is not callable"
    with pytest.raises(UserError, match=line):
        prepare("nsmc", tmp_path / "scratch")


@pytest.mark.parametrize(
    ("review", "cause"),
    [
        (("좋다" * 400, 7), r"ValueError: Failed to encode example: .* In <ClassLabel> .* Class label 7 greater than"),
        (("좋다", "good"), r"RuntimeError: Failed to encode example: .*'좋다'.* KeyError: .* 'good'"),
        ((None, 1), r"TypeError: Error while serializing feature `text`: .* got None"),
    ],
    ids=["a label out of range, after a long text", "a label without a number", "no text"],
)
def test_what_is_wrong_with_an_example_is_named_after_it(
    review: tuple[object, object], cause: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nsmc, "read_ratings", lambda path: iter([review]))
    with pytest.raises(UserError, match=rf"^nsmc: {cause}") as caught:
        prepare("nsmc", tmp_path / "scratch")
    assert len(str(caught.value)) < 350 and "\n" not in str(caught.value)


def test_a_full_disk_is_not_blamed_on_the_builder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nsmc.Builder, "download_and_prepare", full)
    with pytest.raises(OSError, match="No space left"):
        prepare("nsmc", tmp_path / "scratch")
