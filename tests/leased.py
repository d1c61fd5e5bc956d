"""A leased line in C with what a test adds to it, to be checked or bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan.checking import Options, check
from ndiswan.drivers import load
from repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ndiswan.checking.results import DriverResult
    from ndiswan.drivers import CMiniport

LEASED = ROOT / "tests" / "drivers" / "leased.c"


def leased(folder: Path, more: str, **given) -> CMiniport:
    """The driver of `drivers/leased.c` with the text of its file MORE."""
    (folder / "more.h").write_text(more, "utf-8")
    return load(LEASED, include=[folder], define={"MORE": '"more.h"'}, **given)


def checked(folder: Path, more: str, mode: str) -> DriverResult:
    """What `check` finds of it in a mode."""
    (folder / "more.h").write_text(more, "utf-8")
    arguments = [f"include={[str(folder)]!r}", "define={'MORE': '\"more.h\"'}"]
    options = Options(patterns=[mode], arguments=arguments)
    return check(str(LEASED), options).drivers[0]


def found(result: DriverResult) -> list[str]:
    """The titles of all findings, each once."""
    return list(dict.fromkeys(one.title for mode in result.modes for one in mode.findings))
