"""An interrupt that nobody silences: the machine does nothing else, which is a HANG."""

from __future__ import annotations

import ndiswan as nw
from leased import leased

SERVED = """
static VOID Isr(PBOOLEAN ours, PBOOLEAN queue, NDIS_HANDLE context) { *ours = TRUE; *queue = FALSE; }
static VOID Dpc(NDIS_HANDLE context) { }
#define ISR Isr
#define DPC Dpc
#define AT_START NdisMRegisterInterrupt(&card->Interrupt, adapter, 5, 5, TRUE, FALSE, NdisInterruptLevelSensitive);
#define AT_HALT NdisMDeregisterInterrupt(&card->Interrupt);
"""


class Level:
    """A card whose line is still raised `after` ns after it was served, `most` times."""

    def __init__(self, after: int, most: int) -> None:
        self.after, self.left = after, most

    def plug(self, adapter: nw.Adapter) -> None:
        self.adapter = adapter
        self.line = adapter.device(self.raised)
        self.line.set(0.05)

    def raised(self) -> None:
        self.left -= 1
        self.adapter.interrupt()
        if self.left:
            self.line.set_ns(self.after)

    def __call__(self, space: str, at: int, size: int, value: int | None) -> int:
        return 0


def run(
    folder, device: Level, more: str = "", *, sends: bool = False
) -> list[nw.ContractViolation]:
    """What a driver with that card has broken after a second."""
    driver = leased(folder, SERVED + more, device=device)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run(until=0.02)
        (link,) = (link for link in driver.adapter.links if link.up)
        for _ in range(100 if sends else 0):
            link.send(b"\xff\x03\xc0\x21")
            ndis.run(until=ndis.now + 0.01)
        ndis.run(until=1.2)
    return ndis.violations


def test_a_storm_is_told_once_with_the_name_of_the_driver(tmp_path) -> None:
    """2 us from one interrupt to the next, for ever: 10,000 of them in 20 ms, and nothing sent or received."""
    (broken,) = run(tmp_path, Level(2_000, 0))
    assert broken.rule == "HANG"
    assert 'card of adapter "leased" interrupted 10000 times in 20.0 ms' in broken.detail


def test_a_fast_card_is_none(tmp_path) -> None:
    """100,000 interrupts a second are many; and a program that raises them all at one moment is no card."""
    assert run(tmp_path, Level(10_000, 0)) == []
    driver = leased(tmp_path, SERVED)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        for _ in range(11_000):
            driver.adapter.interrupt()
    assert ndis.violations == []


def test_a_card_that_sends_meanwhile_is_none(tmp_path) -> None:
    """A frame is completed each 10 ms."""
    assert run(tmp_path, Level(2_000, 400_000), sends=True) == []
