"""docs/explanation/performance.md says what was measured, and nothing else."""

import copy
import sys

import pytest

from repository import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import performance
import run

MEASURED = performance.results()


def test_the_page_is_what_was_measured() -> None:
    """The page is what `python benchmarks/performance.py` makes of benchmarks/results, to the letter."""
    assert performance.PAGE.read_text("utf-8") == performance.page(MEASURED)


def test_each_table_of_make_bench_has_its_section() -> None:
    """Every table of `make bench` has a title, a program that is there, and figures, or is named as without any."""
    assert list(performance.SECTIONS) == list(run.TABLES)
    assert set(MEASURED) <= set(run.TABLES)
    unmeasured = performance.page(MEASURED).partition("## Not measured yet\n")[2]
    assert {name for name in run.TABLES if f"`{name}`" in unmeasured} == set(run.TABLES) - set(
        MEASURED
    )
    for _, source in performance.SECTIONS.values():
        assert performance.words(source)


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_each_table_says_when_and_where_it_was_measured(name: str) -> None:
    """A table names the day, the commit, the machine and the system; a target that is asked for is met or missed."""
    document = MEASURED[name]
    assert document["table"] == name
    assert {"date", "commit", "processor", "system"} <= set(document["conditions"])
    for row in document["rows"]:
        if row.get("target") is not None and "missing" not in row:
            assert isinstance(row["met"], bool), row


def test_a_target_is_missed_where_its_ratio_is_below() -> None:
    """What is printed as met has a ratio of at least its target, and what is printed as missed has not."""
    asked = [
        row
        for document in MEASURED.values()
        for row in document["rows"]
        if row.get("met") is not None and "ratio" in row and "bug" not in row
    ]
    assert asked
    # Figures are kept to four digits, so one that is at its target may be a little on the other side.
    wrong = [
        row
        for row in asked
        if row["met"] != (row["ratio"]["median"] >= row["target"])
        and abs(row["ratio"]["median"] / row["target"] - 1) > 1e-3
    ]
    assert wrong == []


def test_another_figure_is_another_page() -> None:
    """A ratio that changes, a target that is missed and a table that is not there change the page."""
    name, document = next(iter(MEASURED.items()))
    number = next(n for n, row in enumerate(document["rows"]) if row.get("ratio"))
    other = copy.deepcopy(MEASURED)
    other[name]["rows"][number]["ratio"]["median"] = 123456.0
    assert "123,456" in performance.page(other)
    other[name]["rows"][number] |= {"met": False, "target": 1e9}
    assert "1,000,000,000 | **MISSED** |" in performance.page(other)
    del other[name]
    assert f"`{name}`" in performance.page(other).split("## Not measured yet\n")[1]
