"""What the README claims is so: its driver runs, its report is what is printed, its tables and links are right."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import pages
from ndiswan._native import rule_info, rule_table
from repository import CORE, ROOT

README = ROOT / "README.md"
TEXT = README.read_text("utf-8")


def rows(header: str) -> list[list[str]]:
    """The rows of the table that begins with this header cell."""
    table = TEXT.split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
    ]


def test_what_the_readme_shows_is_what_happens(tmp_path: Path) -> None:
    """Each Python block and command of the README runs, in order, and prints what stands below it."""
    shutil.copytree(ROOT / "examples" / "c", tmp_path / "examples" / "c")
    ran = pages.run(README, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_first_driver_is_short() -> None:
    """The first driver has no more than 20 lines, blank ones included."""
    driver = next(b for b in pages.blocks(TEXT) if b.language == "python")
    assert len(driver.text.splitlines()) <= 20


def test_the_commands_are_there() -> None:
    """The README's first 40 lines have two commands, and the Makefile knows each `make` that the README names."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    head = "\n".join(TEXT.splitlines()[:40])
    assert re.findall(r"^make ([a-z]+)", head, re.MULTILINE) == ["demo", "test"]
    assert set(re.findall(r"\bmake ([a-z]+)\b", TEXT)) <= targets | {"a"}


def test_on_a_machine_without_them_each_program_is_missed() -> None:
    """With none of the programs on the machine, `make test` asks for all of their packages at once."""
    line = (ROOT / "Makefile").read_text("utf-8").split("\nsystem-programs:\n", 1)[1]
    recipe = line.split("\n\n", 1)[0].replace("$$", "$")
    checks = re.findall(r"'(command -v [^']*|test [^']*)' ([a-z-]+)", recipe)
    assert len(checks) == recipe.count("'") // 2 >= 9
    for check, package in checks:
        bare = check.replace("/usr/", "/nowhere/")
        ran = subprocess.run(
            ["/bin/bash", "-c", bare], env={"PATH": "/nowhere"}, capture_output=True, check=False
        )
        assert ran.returncode, f"{package} is not asked for where it is lacking: {check}"


def test_the_table_of_rules_is_the_rule_table() -> None:
    """Each rule stands beside the exception that it raises, once, and the numbers above the table are right."""
    listed = {
        rule: exception.strip("`")
        for exception, rules in rows("exception")
        for rule in rules.split(", ")
    }
    assert listed == {rule: rule_info(rule)["exception"] for rule in rule_table()}
    assert f"{len(listed)} rules in {len(set(listed.values()))} families" in TEXT


@pytest.mark.parametrize("row", rows("step"), ids=lambda row: row[0][:1])
def test_each_step_of_the_way_is_a_file(row: list[str]) -> None:
    """The files in the table of the packet's way are there, and so are Python's names."""
    for name in re.findall(r"`([a-z_/]+(?:\.rs)?)`", row[2]):
        assert (CORE / "src" / name).exists(), name
    import ndiswan

    for name in re.findall(r"`([A-Za-z_.]+)`", row[3]):
        found = ndiswan
        for part in name.split("."):
            found = getattr(found, part)


def test_links_lead_somewhere() -> None:
    """Each relative link of the README is a file or folder of the repository."""
    for target in re.findall(r"\]\((?!http)([^)#]+)", TEXT):
        assert (ROOT / target).exists(), target


def test_the_crate_counts_its_rules() -> None:
    """The README of the crate says how many rules there are."""
    assert f"under {len(rule_table())} rules" in (CORE / "README.md").read_text("utf-8")
