"""Whatever a driver in C gives to a function of the library: a report or nothing, and never the end of the tool."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

import bad_arguments
import ndiswan as nw
from ndiswan.drivers import DriverCrash, build, isolated, load
from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FUNCTIONS = bad_arguments.functions()
NAMES = list(FUNCTIONS)
VALUES = bad_arguments.VALUES
#: A handle that may be none, as the pages say, or that nothing is asked of.
MAY_BE_NONE = {
    ("NdisMRegisterUnloadHandler", 0),
    ("NdisTerminateWrapper", 0),
    ("NdisMRegisterDevice", 0),
    # The driver's own word for its card, which may be any.
    ("NdisMSetAttributes", 1),
    ("NdisMSetAttributesEx", 1),
}


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The driver that calls, built."""
    folder = tmp_path_factory.mktemp("bad")
    source = folder / "bad.c"
    source.write_text(bad_arguments.source(ROOT / "tests" / "drivers" / "sanitized.c"), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NDISWAN_CACHE", str(folder))
        yield build(source, define={"NDIS50_MINIPORT": 1})


def one(driver: Path, function: str, argument: int, value: str) -> list[str]:
    """The rules that one call breaks, or its crash."""
    which = NAMES.index(function), argument, VALUES.index(value)
    ndis = nw.Ndis(on_violation="record")
    crashes = []
    try:
        ndis.bind(nw.Protocol(), load(driver)).send(struct.pack("<III", *which))
        ndis.run(until=ndis.now + 0.01)
    except DriverCrash as crash:
        crashes.append(str(crash).partition("\n")[0])
    except (nw.ContractViolation, ValueError):
        pass  # it is on record; or the clock was moved beyond all time
    with suppress(DriverCrash, nw.ContractViolation):
        ndis.close()
    return crashes + [violation.rule for violation in ndis.violations]


def every_value(driver: Path, function: str) -> dict[tuple[int, str], list[str]]:
    """All of one function."""
    _, count = FUNCTIONS[function]
    return {
        (argument, value): one(driver, function, argument, value)
        for argument in range(count)
        for value in VALUES
    }


def test_the_lists_are_read() -> None:
    """There are more than 200 functions, with thousands of bad calls to them."""
    assert len(NAMES) > 200
    assert sum(count for _, count in FUNCTIONS.values()) * len(VALUES) > 5000


@pytest.mark.ndiswan_isolate(False)
@pytest.mark.filterwarnings("ignore::ndiswan.ContractWarning")
@pytest.mark.parametrize("part", range(8))
def test_no_argument_ends_the_process(driver: Path, part: int) -> None:
    """NULL, freed, foreign and garbage in each argument: every process comes to its end, and no crash is ours."""
    wrong = []
    for function in NAMES[part::8]:
        try:
            found = isolated(every_value, driver, function, timeout=120)
        except DriverCrash as crash:
            wrong.append(f"{function}: {crash}")
            continue
        for (argument, value), broken in found.items():
            wrong += [
                f"{function}, argument {argument} = {value}: {text}"
                for text in broken
                if "panicked" in text or text.endswith(" failed") or "out of range" in text
            ]
    assert wrong == []


@pytest.mark.ndiswan_isolate(False)
@pytest.mark.filterwarnings("ignore::ndiswan.ContractWarning")
def test_a_wrong_handle_is_a_finding(driver: Path) -> None:
    """Each argument that is an NDIS_HANDLE: a number that is none is reported, by whichever function."""
    silent = []
    for function, (parameters, _) in FUNCTIONS.items():
        for argument, parameter in enumerate(parameters.split(",")):
            if parameter.split()[0] != "NDIS_HANDLE" or (function, argument) in MAY_BE_NONE:
                continue
            if not isolated(one, driver, function, argument, "0x77", timeout=60):
                silent.append((function, argument, parameter.strip()))
    assert silent == []


def test_what_reaches_beyond_the_memory_that_is_there_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte is cleared in, and moved to, a block of a hundred bytes: both are told, and it is as it was."""
    monkeypatch.setenv("NDISWAN_CACHE", str(tmp_path))
    card = load(ROOT / "tests" / "drivers" / "faults.c")
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), card).send(b"x" * 12)
    assert [violation.rule for violation in ndis.violations] == ["HANDLE", "HANDLE"]
    assert "1048576 bytes" in ndis.violations[0].detail
    assert [line.strip() for line in card.printed] == ["xx"]
