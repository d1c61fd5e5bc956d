"""What the deserialized drivers of the zoo share: whoever takes a packet off a list completes it, and a reset waits
for that.

Lists are changed under the lock, packets are completed without it. In between a packet is *taken*: nobody else finds
it, and a reset is PENDING until the last one that was taken is back.
"""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.card import Card

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndiswan import Packet, Status

    Answer = tuple[Packet, Status]


class Driver(nw.Miniport):
    """A deserialized miniport with a card, a lock, and a count of the packets that are being completed."""

    serialized = False
    check_for_hang_seconds = 12.0
    hardware: ClassVar[dict[str, Any]] = {}

    def __init__(self, ndis: nw.Ndis, **hardware: Any) -> None:
        self.ndis = ndis
        self.fitted = {**self.hardware, **hardware}

    def initialize(self) -> None:
        self.lock = self.adapter.spin_lock("driver")
        self.card = Card(self.adapter, self.ndis, **self.fitted)
        self.taken = 0
        self.resets = 0
        self.reset_ends = self.adapter.dpc(self.end_reset)

    def isr(self) -> bool:
        return self.card.acknowledge()

    def complete(self, answers: Iterable[Answer]) -> None:
        """Complete what was taken."""
        done = 0
        for packet, status in answers:
            self.adapter.wan_send_complete(packet, status)
            done += 1
        if done:
            self.put_down(done)

    def put_down(self, count: int) -> None:
        """So many of those that were taken are back; the last one of a reset ends it."""
        with self.lock:
            self.taken -= count
            last = self.resets > 0 and self.taken == 0
        if last:
            self.reset_ends.queue()

    def take_all(self) -> list[Packet]:
        """Stop the card and empty every list; the lock is held."""
        return []

    def reset(self) -> Status:
        with self.lock:
            self.resets += 1
            aborted = self.take_all()
            self.taken += len(aborted) + 1  # the reset itself is the one more
        self.complete((packet, nw.Status.REQUEST_ABORTED) for packet in aborted)
        self.put_down(1)
        return nw.PENDING

    def end_reset(self) -> None:
        """The last packet that was pending before the reset is back."""
        self.adapter.reset_complete(nw.SUCCESS)
        with self.lock:
            self.resets -= 1

    def halt(self) -> None:
        with self.lock:
            aborted = self.take_all()
            self.taken += len(aborted)
        self.complete((packet, nw.Status.REQUEST_ABORTED) for packet in aborted)
        while self.taken > 0:
            self.adapter.sleep(0.001)


def outcome(*, well: bool) -> Status:
    """The status of a frame that the card is done with."""
    return nw.SUCCESS if well else nw.Status.HARD_ERRORS
