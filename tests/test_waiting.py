"""A driver in C that waits: what it waits for happens meanwhile, in each kind of time."""

from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan.drivers import load
from test_c_kernel import HARNESS

WAITS = Path(__file__).parent / "drivers" / "waits.c"
HALTING = WAITS.with_name("halting.c")


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


def halting(*defined: str):
    """A send, and for a driver that polls some time; then it is halted."""

    def scenario(ndis: nw.Ndis) -> None:
        try:
            link = ndis.bind(nw.Protocol(), load(HALTING, define=dict.fromkeys(defined, 1)))
        except RuntimeError:
            return  # for want of memory
        link.send(b"x" * 64)
        if "PERIODIC" in defined:
            ndis.run()

    return scenario


def test_who_sleeps_longer_than_the_latency_may_rely_on_it() -> None:
    """A halt that came too late to cancel a timer sleeps for two seconds: its function is over then."""
    found = nw.explore(halting("SLEEPS"), seed=1, executions=300)
    assert (found.failures, found.executions) == ([], 300)
    # Nothing can be said of who sleeps for less than others may be kept waiting.
    found = nw.explore(halting("SLEEPS"), seed=1, executions=300, latency=4.0)
    assert found.failures


def test_a_periodic_timer_is_set_again_before_its_function_runs() -> None:
    """So who cancels it while that runs ends it; and no check for hang is made beside a halt."""
    found = nw.explore(halting("PERIODIC", "HANGS"), seed=1, executions=300)
    assert (found.failures, found.executions) == ([], 300)


class Card:
    """A card that is ready a millisecond after it was started, and says so by an interrupt as well."""

    def __init__(self) -> None:
        self.ready = 0

    def plug(self, adapter: nw.Adapter) -> None:
        self.adapter = adapter
        self.start = adapter.device(self.started)

    def started(self) -> None:
        self.ready = 1
        self.adapter.interrupt()

    def __call__(self, space: str, address: int, size: int, value: int | None) -> int:
        if value is not None:
            self.ready = 0
            self.start.set(0.001)
        return self.ready


POLLS = """
    NDIS_MINIPORT_INTERRUPT *interrupt = &Interrupt;
    UCHAR ready = 0;
    UINT polls;
    NdisMRegisterIoPortRange(&Port, Adapter, 0x300, 8);
    NdisMRegisterInterrupt(interrupt, Adapter, 5, 5, TRUE, FALSE, NdisInterruptLatched);
    NdisRawWritePortUchar((ULONG_PTR)Port, 1);
    for (polls = 0; polls < 1000 && !ready; polls++) {
        NdisStallExecution(50);
        NdisRawReadPortUchar((ULONG_PTR)Port, &ready);
    }
    DbgPrint("ready %d after %d", ready, polls);
"""


@pytest.mark.parametrize("time", ["VirtualTime", "AdversarialTime"])
def test_hardware_goes_on_while_the_processor_is_kept_busy(time: str, tmp_path: Path) -> None:
    """A card is plugged before MiniportInitialize, which may wait for it by NdisStallExecution, and be interrupted."""
    text = HARNESS.replace(
        "@GLOBALS@", "static PVOID Port;\nstatic NDIS_MINIPORT_INTERRUPT Interrupt;"
    )
    text = text.replace("@BODY@", POLLS).replace("@HALT@", "NdisMDeregisterInterrupt(&Interrupt);")
    isr = """static VOID Isr(PBOOLEAN ours, PBOOLEAN queue, NDIS_HANDLE c)
        { DbgPrint("isr"); *ours = TRUE; *queue = FALSE; }
    """
    text = text.replace("static BOOLEAN Hang", isr + "static BOOLEAN Hang")
    text = text.replace("c.HaltHandler = Halt;", "c.HaltHandler = Halt; c.ISRHandler = Isr;")
    source = tmp_path / "polls.c"
    source.write_text(text, "utf-8")
    driver = load(source, device=Card())
    with nw.Ndis(time=getattr(nw, time)(), on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        assert ndis.now == pytest.approx(0.001)
    assert driver.printed == ["isr", "ready 1 after 20"]
    assert (ndis.violations, driver.crashed) == ([], None)
