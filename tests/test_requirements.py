"""What is installed is pinned, file by file, for each Python that the project promises."""

import re

from tests.licences import pinned
from tests.project import ROOT

PINNED = (ROOT / "requirements.txt").read_text("utf-8").replace("\\\n", " ").splitlines()
ASKED = [line.split("#")[0].strip() for line in (ROOT / "requirements.in").read_text("utf-8").splitlines()]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_is_pinned_to_a_version_and_its_files() -> None:
    """And nothing else stands there: no address of an index, no local file."""
    form = r"[a-z0-9-]+(\[[a-z,-]+\])?==[\w.+]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+"
    assert len(PINNED) > 100
    assert [line for line in PINNED if not re.fullmatch(form, line.strip())] == []


def test_what_is_asked_for_is_pinned_as_it_is_asked_for() -> None:
    pinned = {re.split(r"[=\[]", line)[0]: line for line in PINNED}
    for asked in filter(None, ASKED):
        name, _, version = asked.partition("==")
        assert pinned[canonical(name)].startswith(f"{canonical(name)}=={version}"), asked


def test_make_installs_nothing_without_a_hash() -> None:
    installs = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "pip install" in line]
    assert installs and all("--require-hashes" in line for line in installs)
    assert "--generate-hashes" in (ROOT / "tests" / "README.md").read_text("utf-8")


def test_the_licence_of_each_is_listed_and_none_asks_for_our_source() -> None:
    header, *rows = (ROOT / ".ci" / "licences.tsv").read_text("utf-8").splitlines()
    listed = dict(row.split("\t") for row in rows)
    assert (header, list(listed)) == ("distribution\tlicence", pinned())
    assert all(listed.values())
    assert [name for name, licence in listed.items() if re.search(r"GPL|General Public", licence)] == []
