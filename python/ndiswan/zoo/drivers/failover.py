"""Two cards that stand in for each other: a frame that one fails to send is carried by the other.

    wan_send of A ─► A's ring ─► fails ─► B.carry(A, packet) ─► B's ring ─► done ─► A.carried(packet, …) completes

A packet belongs to the adapter that was given it, whoever transmits it. The two locks are never held together.
"""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.drivers.common import Driver, outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


class Failover(Driver):
    """One of the two; the scenario tells each of the other."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 2, "faults": True}
    partner: Failover

    def initialize(self) -> None:
        super().initialize()
        self.waiting: list[tuple[Failover, Packet]] = []
        self.ring: dict[int, tuple[Failover, Packet]] = {}
        self.tag = 0

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.waiting.append((self, packet))
            self.fill()
        return nw.PENDING

    def fill(self) -> None:
        """Frames of either adapter onto this card; the lock is held."""
        while self.waiting and self.card.room():
            owner, packet = self.waiting.pop(0)
            self.tag += 1
            self.ring[self.tag] = owner, packet
            self.card.start(self.tag, len(packet))

    def handle_interrupt(self) -> None:
        own: list[Answer] = []
        others: list[tuple[Failover, Packet, bool]] = []
        failed: list[Packet] = []
        with self.lock:
            for tag, well in self.card.finished():
                entry = self.ring.pop(tag, None)
                if entry is None:
                    continue
                owner, packet = entry
                if owner is not self:
                    others.append((owner, packet, well))
                    continue
                self.taken += 1
                if well:
                    own.append((packet, nw.SUCCESS))
                else:
                    failed.append(packet)
            self.fill()
        for packet in failed:
            self.hand_over(packet)
        for owner, packet, well in others:
            owner.carried(packet, well=well)
        self.complete(own)

    def hand_over(self, packet: Packet) -> None:
        """The card has failed to send it: the partner's turn. The packet stays taken until it is back."""
        if not self.partner.carry(self, packet):
            self.complete([(packet, nw.Status.REQUEST_ABORTED)])

    def carry(self, owner: Failover, packet: Packet) -> bool:
        """Transmit a frame of the partner's, which `carried` tells of; False if the partner is being reset."""
        with self.lock:
            if owner.resets:
                return False
            self.waiting.append((owner, packet))
            self.fill()
            return True

    def carried(self, packet: Packet, *, well: bool) -> None:
        """The partner has transmitted a frame of ours, or failed as well."""
        self.complete([(packet, outcome(well=well))])

    def recall(self, owner: Failover) -> list[Packet]:
        """Stop transmitting what is the owner's; the lock is held."""
        mine = [tag for tag, (of, _) in self.ring.items() if of is owner]
        for tag in mine:
            self.card.cancel(tag)
        packets = [self.ring.pop(tag)[1] for tag in mine]
        packets += [packet for of, packet in self.waiting if of is owner]
        self.waiting = [entry for entry in self.waiting if entry[0] is not owner]
        return packets

    def take_back(self) -> list[Answer]:
        """Everything that is ours, from both cards; what the partner has is taken already."""
        with self.lock:
            packets = self.recall(self)
            self.taken += len(packets)
        with self.partner.lock:
            packets += self.partner.recall(self)
        return [(packet, nw.Status.REQUEST_ABORTED) for packet in packets]

    def reset(self) -> Status:
        with self.lock:
            self.resets += 1
            self.taken += 1
        self.complete(self.take_back())
        self.put_down(1)
        return nw.PENDING

    def halt(self) -> None:
        self.complete(self.take_back())
