"""The documentation is right about the product: what it shows runs, what it names is there, and it builds."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import ndiswan as nw
import pages
from ndiswan._native import rule_table
from repository import ROOT

DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))
import tables  # noqa: E402  (it is the documentation's)

# There is no network here, so what is behind an address is for people to see; a new one is put here by who has seen it.
NAMESPACES = {"http://www.w3.org/2000/svg"}  # a name, which nobody fetches
OUTSIDE = {
    *NAMESPACES,
    "https://github.com/OWNER/ndiswan",  # where somebody's clone is: nobody can say that here
    "https://hypothesis.readthedocs.io",
    "https://pre-commit.com",
    "https://pypi.org/project/atheris/",
}
PAGES = sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)
EVERY = [*PAGES, *(ROOT / f"{n}.md" for n in ("ARCHITECTURE", "CHANGELOG", "CONTRIBUTING"))]


def name_of(page: Path) -> str:
    """A page's path, for a test's id."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [p for p in PAGES if pages.runnable(p)], ids=name_of)
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    """The Python blocks and the commands of a page run, in order, print what stands below them, and draw its plots."""
    ran = pages.run(page, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for plot in tmp_path.glob("*.svg"):
        shown = page.with_name(plot.name)
        assert not shown.exists() or plot.read_text("utf-8") == shown.read_text("utf-8"), plot.name


def test_a_difference_is_seen(tmp_path: Path) -> None:
    """The runner of pages fails on other output, in text and below a command, and on an exception."""
    page = tmp_path / "page.md"
    for bad in (
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```console\n$ echo 1\n2\n```\n",
        "```python\nraise ValueError\n```\n",
    ):
        page.write_text(bad, "utf-8")
        assert pages.run(page, tmp_path / "room").returncode == 1, bad
    page.write_text("```python\nprint(12)\n```\n\n```text\n1...\n```\n", "utf-8")
    assert pages.run(page, tmp_path / "room").returncode == 0


@pytest.mark.parametrize("room", ["tutorial", "how-to", "reference", "explanation"])
def test_each_room_has_pages_with_one_title(room: str) -> None:
    """Each of the four rooms has pages, and each page begins with its only title."""
    found = sorted((DOCS / room).rglob("*.md"))
    assert found
    for page in found:
        text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        assert text.startswith("# "), page
        assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1, page


def test_each_lesson_and_recipe_shows_something_that_runs() -> None:
    """Every page of the tutorial and the how-to room has a block that runs, or includes a compiled example."""
    for page in [*(DOCS / "tutorial").glob("*.md"), *(DOCS / "how-to").glob("*.md")]:
        assert pages.runnable(page) or "literalinclude" in page.read_text("utf-8"), page


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page is a file or folder of the repository."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (page.parent / target).exists(), target


def headings_of(page: Path) -> set[str]:
    """The anchors of a page, as the documentation builder and GitHub make them of headings."""
    text = tables.fill(page.read_text("utf-8"))
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w\s-]", "", title.lower()).strip().replace(" ", "-").replace("_", "-")
        for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def test_links_to_headings_lead_to_one() -> None:
    """Each link to a heading, of the same page or another, names one that is there."""
    dead = []
    for page in [*EVERY, ROOT / "README.md"]:
        text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", text):
            other = page.parent / target if target else page
            if anchor.replace("_", "-") not in headings_of(other):
                dead.append(f"{name_of(page)}: {target}#{anchor}")
    assert dead == []


def test_addresses_outside_are_known_and_whole() -> None:
    """Every address on the web that a page names is in the list of those that were looked at, and is whole."""
    pages_ = [*EVERY, ROOT / "README.md"]
    named = {
        address.rstrip(".,;:")
        for page in pages_
        for address in re.findall(r"https?://[^\s)>\"'`]+", page.read_text("utf-8"))
    }
    assert named == OUTSIDE
    for address in named:
        parts = urlsplit(address)
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), address
        assert parts.scheme == "https" or address in NAMESPACES, address


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_rules_and_names_on_a_page_exist(page: Path) -> None:
    """A `nw.NAME` on a page is exported, a `Policy.NAME` is a switch, and a `tests/…` or `rust/…` file is there."""
    text = page.read_text("utf-8")
    for name in re.findall(r"\bnw\.([A-Za-z]\w*)", text):
        assert hasattr(nw, name), name
    for switch in re.findall(r"\bPolicy\.([a-z_]+)", text):
        assert switch in nw.Policy.__slots__, switch
    for path in re.findall(r"`((?:rust|tests|python|examples|docs)/[\w./-]+)", text):
        assert (ROOT / path).exists() or "YYYY" in path or "STEM" in path, path


def test_each_invariant_names_tests_that_exist() -> None:
    """The invariants are numbered without a gap, and each names at least one test, which is there."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    section = text.split("\n## Invariants\n", 1)[1].split("\n## ", 1)[0]
    invariants = re.split(r"^\d+\. ", section, flags=re.MULTILINE)[1:]
    assert [int(n) for n in re.findall(r"^(\d+)\. ", section, re.MULTILINE)] == [
        *range(1, len(invariants) + 1)
    ]
    for invariant in invariants:
        named = re.findall(r"`((?:rust|tests)/[\w/-]+\.(?:rs|py))(?:::(\w+))?`", invariant)
        assert named, invariant
        for path, test in named:
            source = (ROOT / path).read_text("utf-8")
            assert not test or re.search(rf"^\s*(?:fn|def) {test}\b", source, re.MULTILINE), test


def test_each_switch_is_in_the_reference() -> None:
    """The table of the policy has a row for each switch and no other."""
    text = (DOCS / "reference" / "policy.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)) == set(nw.Policy.__slots__)


def test_public_names_have_their_words() -> None:
    """Each public class has a docstring, and so has each of its public methods and properties."""
    bare = []
    for name in nw.__all__:
        thing = getattr(nw, name)
        if not isinstance(thing, type):
            continue
        members = [
            f"{name}.{key}"
            for key, value in vars(thing).items()
            if key[0] != "_"
            and (callable(value) or hasattr(value, "__get__"))
            and not isinstance(value, int)
            and type(value).__name__ != "member_descriptor"
            and not value.__doc__
        ]
        bare += members + ([] if thing.__doc__ else [name])
    assert bare == []


def test_each_public_class_is_in_the_reference() -> None:
    """Every class that `ndiswan` exports has its place in the reference."""
    text = "".join(p.read_text("utf-8") for p in (DOCS / "reference").glob("*.md"))
    documented = set(re.findall(r"autoclass:: ndiswan\.(\w+)$", text, re.MULTILINE))
    classes = {n for n in nw.__all__ if isinstance(getattr(nw, n), type)}
    assert classes - documented - {"Oid"} == set()


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    """Sphinx builds the pages with warnings as errors, and the tables of the reference are filled."""
    pytest.importorskip("myst_nb")
    command = ["-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-d", tmp_path / "d"]
    built = subprocess.run(
        [sys.executable, *map(str, command), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    html = (tmp_path / "html" / "reference" / "rules.html").read_text("utf-8")
    assert [
        rule for rule in rule_table() if f'id="{rule.lower().replace("_", "-")}"' not in html
    ] == []
    assert "NDIS_STATUS" in (tmp_path / "html" / "reference" / "statuses.html").read_text("utf-8")
