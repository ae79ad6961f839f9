"""Which split each file of a folder belongs to, by its name."""

import re
from pathlib import Path

from pipeline.artifact.files import visible_files
from pipeline.support.errors import UserError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "unsupervised": "unsupervised",
    "unlabelled": "unsupervised",
    "unlabeled": "unsupervised",
}


def files_by_split(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each split in their order, with train among them.

    A file belongs to the split that a word of its name, or of a folder's that it is in, names; without such a word, to
    train. A `.txt` counts where it names a split, and is a TSV, or lines where it is of unsupervised.

    Raises:
        UserError: if a name is of two splits, a file of a split can't be read, or there is none for train.
    """
    found: dict[str, list[Path]] = {}
    for path in visible_files(folder):
        named = split_of(str(path.relative_to(folder).with_suffix("")))
        if len(named) > 1:
            raise UserError(f"{path}: its name is of {' and '.join(named)}; must be of one split")
        if path.suffix.lower() not in SUFFIXES and not (named and path.suffix.lower() == ".txt"):
            if named:
                raise UserError(f"{path}: must end in one of {', '.join(SUFFIXES)}, .txt")
            continue
        found.setdefault(named[0] if named else "train", []).append(path)
    if "train" not in found:
        has = "none" if not found else f"those of {', '.join(sorted(found))} alone"
        raise UserError(f"FILES_DIR={folder}: holds no reviews for train, in {', '.join(SUFFIXES)}; it has {has}")
    return found


def split_of(name: str) -> list[str]:
    """Return the splits that the words of a path name.

    >>> split_of("ratings_train"), split_of("2024/test-00000-of-00001"), split_of("훈련용 리뷰"), split_of("latest")
    (['train'], ['test'], [], [])
    """
    words = re.findall(r"[^\W\d_]+", name.casefold())
    return sorted({SPLITS[word] for word in words if word in SPLITS})
