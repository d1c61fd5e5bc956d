"""The line of a driver in C that is not up when it is bound: waited for in Rust as in Python, or Python's."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan._native import Explorer
from ndiswan.drivers import build, load
from ndiswan.exploring import Settings, execute
from ndiswan.exploring.in_rust import in_rust
from ndiswan.exploring.target import find
from ndiswan.exploring.workload import workload
from test_workload import FAULTS, QUEUED, cache, rust

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["cache"]

HALTING = FAULTS.with_name("halting.c")


def test_a_line_that_takes_a_telephone_call_is_pythons(tmp_path: Path) -> None:
    """A driver that knows TAPI is dialled by a script, also one that breaks a rule if it is halted before."""
    up = "    NdisMIndicateStatus("
    text = QUEUED.read_text()
    knows = "    if (Oid == 0x07030118) return NDIS_STATUS_SUCCESS;\n"
    text = text.replace(up, "    if (Card == NULL) NdisMIndicateStatus(")
    text = text.replace("    if (Oid != OID_WAN", knows + "    if (Oid != OID_WAN")
    armed = "    NdisMSetTimer(&Card->Timer, 1);\n    if (Card == NULL)"
    forgets = text.replace("    if (Card == NULL)", armed)
    forgets = forgets.replace(
        "    NdisMCancelTimer(&Card->Timer", "    if (0) NdisMCancelTimer(&Card->Timer"
    )
    assert "if (0)" in forgets
    assert armed in forgets
    for number, telephone in enumerate((text, forgets)):
        driver = tmp_path / f"telephone{number}.c"
        driver.write_text(telephone)
        assert in_rust(find(str(driver)), Settings()) is None


UP = "    NdisMIndicateStatus(handle, NDIS_STATUS_WAN_LINE_UP, &Up, sizeof(Up));"
LATE = HALTING.read_text().replace("    Ticks++;", UP.replace("handle", "Adapter"))
"""Its line is up a second after MiniportInitialize, by a timer."""


@pytest.mark.parametrize("milliseconds", [1, 1000, 5000])
def test_a_line_that_comes_up_later_is_sent_on_by_both(tmp_path: Path, milliseconds: int) -> None:
    """Its link is another one than that of the bind; where it takes too long, both go on without a line."""
    late = tmp_path / "late.c"
    assert UP in LATE
    late.write_text(LATE.replace(UP, f"    NdisMSetTimer(&Timer, {milliseconds});"))
    driver = build(late)
    scenario = workload(lambda: load(driver))
    quick = rust(scenario, Settings())
    luck = random.Random(7)
    for _ in range(40):
        bytes_ = luck.randbytes(luck.randrange(400))
        there = execute(scenario, Explorer.of_bytes(bytes_), Settings(), record=True)
        digest, choices, points = quick.replay(there.ndis.choices())
        assert choices == there.ndis.choices()
        assert points == there.ndis.points
        assert digest == there.ndis.digest()
    found = nw.explore(scenario, seed=1, executions=50)
    assert found.failures == []
    assert milliseconds > 2000 or found.reached[1] > 0, "packets moved"


def test_what_is_found_before_a_late_line_is_up_is_replayed(tmp_path: Path) -> None:
    """A halt that does not cancel the timer of the line-up, whose function then writes to memory that is gone."""
    target = tmp_path / "slip.c"
    text = LATE.replace(UP, "    NdisMSetTimer(&Timer, 1);")
    writes = UP.replace("handle", "Adapter")
    text = text.replace(writes, f"    ((PCARD)context)->Looks++;\n{writes}")
    text = text.replace("    NdisMCancelTimer(&Timer, &cancelled);", "    cancelled = TRUE;")
    target.write_text(text)
    found = nw.explore(find(str(target)), seed=1, executions=2000, stop=False, shrinking=2)
    assert "TIMER" in {failure.rule for failure in found.failures}
    for failure in found.failures:
        assert failure.deterministic
        assert failure.symptom.place == failure.symptom.place.strip()
        again = failure.replay()
        assert again.symptom == failure.symptom
        assert again.ndis.digest() == failure.digest


@pytest.mark.parametrize(
    ("end", "words"),
    [("*(volatile int *)0 = 1;", "a null pointer"), ("for (;;) { }", "an endless loop")],
)
def test_what_a_driver_does_last_in_its_halt_is_found(tmp_path: Path, end: str, words: str) -> None:
    """The world is closed before it is asked whether the driver crashed."""
    freed = "    NdisFreeMemory(card, sizeof(CARD), 0);\n"
    target = tmp_path / "last.c"
    text = HALTING.read_text()
    assert text.count(freed) == 1
    target.write_text(text.replace(freed, f"{freed}    {end}\n"))
    found = nw.explore(find(str(target)), seed=1, executions=3)
    (failure,) = found.failures
    assert failure.rule == "EXCEPTION"
    assert "in Halt" in failure.symptom.place
    assert words in str(failure.replay().error)
