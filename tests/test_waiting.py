"""A driver in C that waits: what it waits for happens meanwhile, in each kind of time."""

from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan.drivers import load

WAITS = Path(__file__).parent / "drivers" / "waits.c"


@pytest.mark.parametrize("time", ["VirtualTime", "RealTime", "AdversarialTime"])
def test_who_waits_at_passive_level_lets_others_run(time: str) -> None:
    """A serialized driver's work item and timer run while it waits for them in MiniportInitialize and MiniportHalt."""
    driver = load(WAITS)
    with nw.Ndis(time=getattr(nw, time)(), on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert driver.printed == ["worked", "waited 1", "ticked 1", "worked", "halt waited 1"]
    assert ndis.violations == []
    assert driver.crashed is None


def test_virtual_time_is_what_was_waited_for() -> None:
    """A wait of an event takes until it is set, and no second more: 30 ms of a virtual clock are gone after both."""
    driver = load(WAITS)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        assert 0.02 <= ndis.now < 0.05


def test_a_lock_is_called_what_the_source_calls_it() -> None:
    """Reports name a spin lock by the argument of the line that initialized it; the second of a name has a number."""
    driver = load(WAITS, define={"MISUSE": 1})
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run(until=0.1)
    told = "\n".join(str(violation) for violation in ndis.violations)
    assert 'LOCK_RECURSION: spin lock "Card.SendLock" was acquired by the CPU that holds it' in told
    assert 'LOCK_UNHELD: spin lock "Channels[i].SendLock"' in told
