"""What an explorer lets wait: a driver is not to blame for all of it together."""

from __future__ import annotations

import pytest

import ndiswan as nw

STEPS = 60


class Feeder(nw.Miniport):
    """A card that takes a frame in 60 pieces, one each 5 ms, and looks after its line twice a second."""

    stops_at = 0

    def initialize(self) -> None:
        self.owed: list[nw.Packet] = []
        self.left = STEPS
        self.step = self.adapter.timer(self.feed)
        self.tick = self.adapter.timer(self.look)
        self.look()

    def look(self) -> None:
        """The line is there."""
        self.tick.set(0.5)

    def check_for_hang(self) -> bool:
        """It never does."""
        return False

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        self.owed.append(packet)
        if len(self.owed) == 1:
            self.step.set(0.005)
        return nw.PENDING

    def feed(self) -> None:
        """The next piece."""
        self.left -= 1
        if self.left == 0:
            self.left = STEPS
            self.adapter.wan_send_complete(self.owed.pop(0), nw.SUCCESS)
        if self.owed and self.left != self.stops_at:
            self.step.set(0.005)

    def halt(self) -> None:
        self.step.cancel()
        self.tick.cancel()
        with self.adapter.at(nw.Irql.DISPATCH):
            for packet in self.owed:
                self.adapter.wan_send_complete(packet, nw.FAILURE)


class Stops(Feeder):
    """The last piece is forgotten."""

    stops_at = 1


def found(driver: type[nw.Miniport], explorer: str) -> set[str]:
    """The rules that are broken in 40 executions."""

    def scenario(ndis: nw.Ndis) -> None:
        link = ndis.bind(nw.Protocol(), driver())
        for _ in range(2):
            link.send(b"frame")
        ndis.run(until=100.0)

    ran = nw.explore(scenario, explorer=explorer, executions=40, seed=1)
    return {str(failure.symptom.rule) for failure in ran.failures}


@pytest.mark.parametrize("explorer", ["random", "pct", "portfolio"])
def test_many_small_delays_are_no_hang_of_the_driver(explorer: str) -> None:
    """Each of 60 timers may be late by half a second: the frame needs 0.3 s of its own."""
    assert found(Feeder, explorer) == set()
    assert found(Stops, explorer) <= {"LATE", "HANG"}
    assert found(Stops, explorer)


class Slow(Feeder):
    """Takes 1.8 s of its own for a frame, and NDIS resets a serialized one after 4."""

    check_for_hang = nw.Miniport.check_for_hang

    def feed(self) -> None:
        """The next piece, after six times as long."""
        super().feed()
        if self.owed:
            self.step.set(0.03)


@pytest.mark.parametrize("explorer", ["random", "pct", "portfolio"])
def test_a_slow_driver_is_not_late_because_it_had_to_wait(explorer: str) -> None:
    """It is within its time by itself, and more than twice beyond it with what the explorer had wait."""
    assert found(Slow, explorer) == set()
