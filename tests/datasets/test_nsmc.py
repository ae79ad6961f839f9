"""The NSMC builder reads the corpus's files, and names the row of one that is not of their form."""

from pathlib import Path
from typing import ClassVar

import pytest
import tensorflow_datasets as tfds

from pipeline.datasets.nsmc import nsmc_dataset_builder
from pipeline.datasets.nsmc.ratings import read_crawl, read_ratings, read_unlabelled
from pipeline.support.errors import UserError

HEADER = "id\tdocument\tlabel\n"


class NsmcDownloadTest(tfds.testing.DatasetBuilderTestCase):
    """TFDS's own checks, on files as they are downloaded."""

    DATASET_CLASS = nsmc_dataset_builder.Builder
    SPLITS: ClassVar[dict[str, int]] = {"train": 3, "test": 2, "unsupervised": 2}
    DL_EXTRACT_RESULT: ClassVar[dict[str, str]] = {
        "train": "ratings_train.txt",
        "test": "ratings_test.txt",
        "crawl": "crawl.zip",
    }
    SKIP_CHECKSUMS = True  # of the crawl's archive none is published; the other two are pinned, see below
    MOCK_OUT_FORBIDDEN_OS_FUNCTIONS = False  # our readers open local files, which downloads are too

    @pytest.fixture(autouse=True)
    def no_local_files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NSMC_DIR", raising=False)


def test_the_ratings_files_are_pinned() -> None:
    pinned = nsmc_dataset_builder.Builder.url_infos
    assert {url.rsplit("/", 1)[-1] for url in pinned} == {"ratings_train.txt", "ratings_test.txt"}
    assert all(nsmc_dataset_builder.COMMIT in url and len(info.checksum) == 64 for url, info in pinned.items())


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "ratings_train.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_quotes_carriage_returns_and_odd_separators_are_text(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + '1\t"열린 따옴표\t1\r\n2\t줄\u2028바꿈\x0b아님\t0\n3\t\t0\n')
    assert list(read_ratings(path)) == [('"열린 따옴표', 1), ("줄\u2028바꿈\x0b아님", 0), ("", 0)]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_editors_leave_in_a_file_is_no_review(tmp_path: Path, newline: str, encoding: str, end: str) -> None:
    """A byte order mark, carriage returns, blank rows at the end."""
    content = (HEADER + "1\t좋다\t1\n2\t나쁘다\t0\n").replace("\n", newline) + end
    assert list(read_ratings(write(tmp_path, content.encode(encoding)))) == [("좋다", 1), ("나쁘다", 0)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "row 1: missing; the file is empty"),
        (HEADER, "row 2: missing; the file has a header and no reviews"),
        ("1\t좋다\t1\n", "row 1: must be the header id, document, label"),
        (HEADER + "1\t좋다\t1\n2\t나쁘다\n", "row 3: has 2 columns, must have 3"),
        (HEADER + "1\t좋다\t더\t1\n", "row 2: has 4 columns, must have 3"),
        (HEADER + "1\t좋다\t2\n", "row 2: label '2', must be 0 or 1"),
        (HEADER + "\n\n", "row 2: missing; the file has a header and no reviews"),
        (HEADER + "1\t좋다\t1\n\n\n2\t나쁘다\t0\n", "row 3: is blank, must have 3 columns"),
        (HEADER.encode() + b"1\t\xff\xfe\t1\n", "row 2: not valid UTF-8 at byte 3"),
        ((HEADER + "1\t좋다\t1\n").encode("cp949"), "row 2: not valid UTF-8 at byte 3; it looks like CP949"),
        ((HEADER + "1\t좋다\t1\n").encode("utf-16"), "row 1: not valid UTF-8; it looks like UTF-16"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, content: str | bytes, line: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(UserError) as error:
        list(read_ratings(path))
    assert str(error.value).startswith(f"{path}: {line}")


def test_a_folder_without_the_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSMC_DIR", str(tmp_path))
    builder = nsmc_dataset_builder.Builder(data_dir=tmp_path / "tfds")
    with pytest.raises(UserError, match=r"no ratings_train.txt; it must hold ratings_train.txt and ratings_test.txt"):
        builder.download_and_prepare()


def test_unlabelled_texts_and_the_crawl(tmp_path: Path) -> None:
    assert list(read_unlabelled(write(tmp_path, "하나\n둘\n"))) == ["하나", "둘"]
    crawl = Path(nsmc_dataset_builder.__file__).parent / "dummy_data" / "crawl.zip"
    assert list(read_crawl(crawl, without={"돈이 아깝다"})) == ["그럭저럭", "볼만함"]
