"""The licences of all that requirements.txt pins: `python -m tests.licences > .ci/licences.tsv` lists them."""

import re
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Read in the licence file of each; its metadata doesn't say, or it is installed on another system or Python alone.
READ = {
    "appnope": "BSD-2-Clause",
    "axe-playwright-python": "MIT; the axe-core in it MPL-2.0",
    "colorama": "BSD-3-Clause",
    "huey": "MIT",
    "namex": "Apache-2.0",
    "pywin32": "PSF-2.0",
    "pywinpty": "MIT",
    "tzdata": "Apache-2.0",
    "waitress": "ZPL-2.1",
}


def pinned() -> list[str]:
    """Return the names of the distributions that requirements.txt pins, for any system and Python."""
    requirements = (ROOT / "requirements.txt").read_text("utf-8")
    return [*dict.fromkeys(re.findall(r"^([\w.-]+)(?:\[.*?\])?==", requirements, flags=re.MULTILINE))]


def licence(distribution: PackageMetadata) -> str:
    """Return what metadata says of a licence: an SPDX expression, classifiers, or words of its own."""
    classifiers = [one.split(" :: ")[-1] for one in distribution.get_all("Classifier") or [] if "License :: " in one]
    own_words = (distribution["License"] or "").strip().splitlines()[:1]
    return distribution["License-Expression"] or "; ".join(classifiers or own_words)


def main() -> None:
    print("distribution\tlicence")
    for name in pinned():
        print(f"{name}\t{READ.get(name) or licence(metadata(name))}")


if __name__ == "__main__":
    main()
