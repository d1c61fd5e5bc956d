"""`import ndiswan` and `ndiswan --help` stay light: what they load, asked of a fresh interpreter.

What the import costs is measured by `benchmarks/import_cost.py`; here is only what does not depend on the machine.
"""

import subprocess
import sys

import pytest

# Optional packages, and the standard library's heavy ones.
HEAVY = {"asyncio", "greenlet", "hypothesis", "numpy", "pytest", "rich", "simpy"}
# Wanted by the command line, and by nobody who only imports the package.
COMMAND_LINE = {"argparse", "click", "importlib.metadata", "subprocess"}


def loaded_by(*arguments: str) -> set[str]:
    """The names of all modules that `python ARGUMENTS` imports, and those of their packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    table = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    modules = {line.rpartition("|")[2].strip() for line in table}
    return modules | {name.partition(".")[0] for name in modules}


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """What an interpreter of this environment loads by itself."""
    return loaded_by("-c", "pass")


def test_importing_the_package_loads_nothing_heavy(bare: set[str]) -> None:
    """`import ndiswan` loads its own module, no optional package, and nothing of the command line."""
    loaded = loaded_by("-c", "import ndiswan") - bare
    assert "ndiswan._native" in loaded
    assert loaded & (HEAVY | COMMAND_LINE) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_the_command_line_starts_light(arguments: list[str], bare: set[str]) -> None:
    """`ndiswan --help` and `ndiswan --version` load no optional package but the one that parses their arguments."""
    loaded = loaded_by("-m", "ndiswan", *arguments) - bare
    assert "ndiswan" in loaded
    assert loaded & HEAVY == set()


def test_the_package_imports_without_its_extras() -> None:
    """`import ndiswan` needs nothing but the standard library."""
    loaded = loaded_by("-c", "import ndiswan") - loaded_by("-c", "pass")
    foreign = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - {"ndiswan"}
    assert {name for name in foreign if name[0] != "_"} == set()


def test_a_heavy_import_is_seen(bare: set[str]) -> None:
    """The check finds asyncio in a program that imports it, wherever it does."""
    assert "asyncio" in loaded_by("-c", "def f():\n    import asyncio.events\nf()") - bare
