"""The pages say the same in both languages, and name only what is there."""

import re
from pathlib import Path

import pytest

from pipeline.config.names import STAGES
from pipeline.config.overlays import load_config

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "configs/*.md", "pipeline/**/*.md", "tests/*.md")
    for path in ROOT.glob(pattern)
)
PAIRS = [(page, page.replace(".md", ".ko.md")) for page in PAGES if page.replace(".md", ".ko.md") in PAGES]
CURRENT = [page for page in PAGES if page != "CHANGELOG.md"]  # which tells of what was, too
FENCED = re.compile(r"^```.*?^```", flags=re.DOTALL | re.MULTILINE)


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def code(page: str) -> list[str]:
    """Return all code of a page: fenced blocks, indented lines and spans."""
    fenced = FENCED.findall(text(page))
    rest = FENCED.sub("", text(page))
    return [*fenced, *re.findall(r"^ {4}.*$", rest, flags=re.MULTILINE), *spans(page)]


def spans(page: str) -> list[str]:
    return [span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", FENCED.sub("", text(page)))]


def anchors(path: Path) -> set[str]:
    """Return the headings of a page, as GitHub names them in a link."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", path.read_text("utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_first_pages_are_in_both_languages() -> None:
    assert {("README.md", "README.ko.md"), ("pipeline/README.md", "pipeline/README.ko.md")} <= set(PAIRS)


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_the_first_page_is_short(page: str) -> None:
    assert len(text(page).splitlines()) <= 150


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_show_the_same_code(pair: tuple[str, str]) -> None:
    english, korean = (FENCED.findall(text(page)) for page in pair)
    assert english == korean


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_show_the_same_commands(pair: tuple[str, str]) -> None:
    english, korean = (re.findall(r"^ {4}make (.*?) *(?:#.*)?$", text(page), flags=re.MULTILINE) for page in pair)
    assert english == korean


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_give_the_same_figures(pair: tuple[str, str]) -> None:
    english, korean = (sorted(re.findall(r"\d+\.\d+ ?%|\d+ s\b", text(page))) for page in pair)
    assert english == korean


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_give_the_same_tables(pair: tuple[str, str]) -> None:
    rows = [[line for line in text(page).splitlines() if line.startswith("|")] for page in pair]
    english, korean = ([sorted(re.findall(r"\d+(?:[.,]\d+)*", row)) for row in table] for table in rows)
    assert english == korean


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_show_the_same_pictures(pair: tuple[str, str]) -> None:
    english, korean = (re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text(page)) for page in pair)
    assert english == korean


@pytest.mark.parametrize("page", PAGES)
def test_every_target_it_names_is_there(page: str) -> None:
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(code(page))))
    assert named <= set(re.findall(r"^([a-z][a-z-]*):.*## ", text("Makefile"), flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    for link in re.findall(r"\]\(([^)]+)\)", FENCED.sub("", text(page))):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = folder / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", CURRENT)
def test_every_file_it_names_is_there(page: str) -> None:
    """Seen from the top, from `pipeline/` or from the page itself; what holds a `<placeholder>` is no file."""
    named = [span for span in spans(page) if re.fullmatch(r"[\w.-]+(/[\w.-]+)+\.(py|yaml|md|html)", span)]
    folders = (ROOT, ROOT / "pipeline", (ROOT / page).parent)
    assert [name for name in named if not any((folder / name).is_file() for folder in folders)] == []


@pytest.mark.parametrize("page", CURRENT)
def test_every_value_it_sets_can_be_set(page: str) -> None:
    for line in code(page):
        typed = dict(re.findall(r'\b(DATA|CELL|PRESET|SET)=("[^"]*"|[\w-]+)', line))
        if "SET" in typed and "section.key" not in typed["SET"]:
            chosen = (typed.get("DATA", "maekrak"), typed.get("CELL", "lstm"), typed["SET"].strip('"'))
            load_config(*chosen, preset=typed.get("PRESET", ""))
    for span in spans(page):
        if re.fullmatch(rf"({'|'.join(STAGES)})\.[\w.]+=\S+", span):
            load_config("nsmc", "lstm", span)
