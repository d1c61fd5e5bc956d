"""Every public name has a docstring, and an example in it that runs.

`import ndiswan as nw` and `from ndiswan import models` stand before each example, then what the docstring of its module
shows, and it begins in an empty folder.
"""

import doctest
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import ndiswan as nw
from ndiswan import models
from public import DOCS, everything, in_the_reference, named

PUBLIC = everything()
# What needs a whole driver in C with its hardware has a page in place of an example: the page is run, and has the name.
ON_A_PAGE = {
    "ndiswan.Tapi": "how-to/bring-up-a-line-by-tapi.md",
    "ndiswan.drivers.tapi.Line": "how-to/bring-up-a-line-by-tapi.md",
    "ndiswan.drivers.tapi.Call": "how-to/bring-up-a-line-by-tapi.md",
}
NEEDS = {
    "ndiswan.strategies": "hypothesis",
    "ndiswan.testing": "hypothesis",
    "ndiswan.simpy_bridge": "simpy",
}


def examples_of(name: str, thing: Any) -> list[doctest.Example]:
    """The examples in a docstring."""
    return doctest.DocTestParser().get_examples(thing.__doc__ or "", name)


def run(name: str, thing: Any, say: Any = None) -> doctest.TestResults:
    """Run the examples of a docstring, behind those of its module."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    examples = [*examples_of(name, module), *examples_of(name, thing)]
    given = {"nw": nw, "models": models, "__name__": "__main__"}
    test = doctest.DocTest(examples, given, name, None, 0, thing.__doc__)
    return doctest.DocTestRunner(verbose=False).run(test, out=say)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_an_example_that_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public class or function says what it is, and shows how it is used; what is shown happens."""
    thing = PUBLIC[name]
    assert thing.__doc__, name
    if name in ON_A_PAGE:
        assert thing.__name__.lower() in (DOCS / ON_A_PAGE[name]).read_text("utf-8").lower()
        return
    assert examples_of(name, thing), f"{name}: expected an example in its docstring"
    for module, package in NEEDS.items():
        if name.startswith(module) and importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NDISWAN_CACHE", os.environ.get("NDISWAN_CACHE", str(tmp_path)))
    said: list[str] = []
    ran = run(name, thing, said.append)
    assert ran.failed == 0, "".join(said)


def test_every_public_name_is_in_the_reference() -> None:
    """Each class and function that a package exports has its place in the reference, under whatever name."""
    shown = {id(named(name)) for name in in_the_reference(DOCS / "reference")}
    assert [name for name, thing in PUBLIC.items() if id(thing) not in shown] == []


def test_an_example_that_is_wrong_is_seen() -> None:
    """The runner fails on another value, and on an exception that is not shown."""

    def wrong() -> None:
        """>>> nw.PENDING.name
        'SUCCESS'
        """

    def raises() -> None:
        """>>> nw.nowhere"""

    assert run("wrong", wrong, lambda _: None).failed == 1
    assert run("raises", raises, lambda _: None).failed == 1


@pytest.mark.parametrize("name", ["lan", "condis", "ndis6"])
def test_no_driver_of_a_sister_contract_is_shown_twice(name: str) -> None:
    """The one that all examples of a module need stands in the docstring of the module."""
    source = Path(named(f"ndiswan.{name}").__file__).read_text("utf-8")
    shown = [line.strip() for line in source.splitlines() if ">>> class " in line]
    assert len(shown) == len(set(shown)) == 2
