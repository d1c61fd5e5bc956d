"""The same queued card in the sister contracts: LAN, CoNDIS, NDIS 6.

send ─► queue ─► descriptors (tag: send) ─► interrupt ─► completed

What is sent is an entry of the queue, of whatever kind the interface has: a packet, or a packet with its connection.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import ndiswan as nw
from ndiswan import condis, lan, ndis6
from ndiswan.card import Card
from ndiswan.zoo.drivers.common import outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Ndis, Packet, Status

# Milliseconds that a halt or a pause waits for who is just giving something back.
PATIENCE = 100


class Queued:
    """What the three have in common. Whoever takes an entry off a list, under the lock, gives it back without it."""

    depth = 2
    adapter: Any
    aborted = nw.Status.REQUEST_ABORTED

    def __init__(self, ndis: Ndis) -> None:
        self.ndis = ndis

    def initialize(self) -> None:
        self.lock = self.adapter.spin_lock("driver")
        self.card = Card(self.adapter, self.ndis, depth=self.depth)
        self.queue: deque[Any] = deque()
        self.ring: dict[int, Any] = {}
        self.tag = self.taken = self.resets = 0
        self.reset_ends = self.adapter.dpc(self.end_reset)

    def isr(self) -> bool:
        return self.card.acknowledge()

    def take(self, sends: list[Any]) -> None:
        """Queue what was sent; in a reset it is given back at once."""
        with self.lock:
            late = bool(self.resets)
            if late:
                self.taken += len(sends)
            else:
                self.queue.extend(sends)
                self.fill()
        if late:
            self.finish([(one, self.aborted) for one in sends])

    def fill(self) -> None:
        """A descriptor for each entry, as long as there are some; the lock is held."""
        while self.queue and self.card.room():
            self.tag += 1
            self.ring[self.tag] = self.queue.popleft()
            self.card.start(self.tag, len(self.packet(self.ring[self.tag])))

    def handle_interrupt(self) -> None:
        with self.lock:
            done = [
                (self.ring.pop(tag), outcome(well=well))
                for tag, well in self.card.finished()
                if tag in self.ring
            ]
            self.taken += len(done)
            self.fill()
        self.finish(done)

    def finish(self, done: list[tuple[Any, Status]]) -> None:
        """Give back what was taken, and count it."""
        self.give_back(done)
        self.put_down(len(done))

    def put_down(self, count: int) -> None:
        """So many are back; the last one of a reset ends it."""
        with self.lock:
            self.taken -= count
            last = self.resets > 0 and self.taken == 0
        if last:
            self.reset_ends.queue()

    def take_all(self) -> list[Any]:
        """Stop the card and empty every list; the lock is held."""
        self.card.reset()
        owed = [*self.ring.values(), *self.queue]
        self.ring.clear()
        self.queue.clear()
        self.taken += len(owed)
        return owed

    def cancel(self, cancel_id: int, status: Status) -> None:
        """Give back what is queued with this id; what the card has goes on."""
        with self.lock:
            mine = [one for one in self.queue if self.packet(one).cancel_id == cancel_id]
            for one in mine:
                self.queue.remove(one)
            self.taken += len(mine)
        self.finish([(one, status) for one in mine])

    def empty(self, status: Status) -> None:
        """Give everything back, and wait for who is just at it."""
        with self.lock:
            owed = self.take_all()
        self.finish([(one, status) for one in owed])
        for _ in range(PATIENCE):
            if self.taken > 0:
                self.adapter.sleep(0.02)  # longer in all than anything is late

    def reset(self) -> Status:
        with self.lock:
            self.resets = 1
            owed = self.take_all()
            self.taken += 1  # the reset itself is the one more
        self.finish([(one, self.aborted) for one in owed])
        self.put_down(1)
        return nw.PENDING

    def end_reset(self) -> None:
        """The last packet that was pending before the reset is back."""
        with self.lock:
            first, self.resets = self.resets > 0, 0
        if first:
            self.adapter.reset_complete(nw.SUCCESS)

    def halt(self) -> None:
        self.empty(nw.Status.CLOSING)

    def packet(self, one: Any) -> Packet:
        """The packet of an entry."""
        packet: Packet = one
        return packet

    def give_back(self, done: list[tuple[Any, Status]]) -> None:
        """Complete these by the interface's own call."""


class LanCard(Queued, lan.Miniport):
    """An entry is a packet; deserialized, so each is completed by `NdisMSendComplete`."""

    serialized = False

    def send(self, packet: Packet, flags: int) -> Status:
        self.take([packet])
        return nw.PENDING

    def give_back(self, done: list[tuple[Packet, Status]]) -> None:
        for packet, status in done:
            self.adapter.send_complete(packet, status)

    def cancel_send_packets(self, cancel_id: int) -> None:
        self.cancel(cancel_id, nw.Status.REQUEST_ABORTED)


class CoCard(Queued, condis.Miniport):
    """An entry is a packet with its connection."""

    def co_send_packets(self, vc: Link, packets: list[Packet]) -> None:
        self.take([(vc, packet) for packet in packets])

    def packet(self, one: tuple[Link, Packet]) -> Packet:
        return one[1]

    def give_back(self, done: list[tuple[tuple[Link, Packet], Status]]) -> None:
        for (vc, packet), status in done:
            self.adapter.co_send_complete(status, vc, packet)

    def cancel_send_packets(self, cancel_id: int) -> None:
        self.cancel(cancel_id, nw.Status.REQUEST_ABORTED)


class NblCard(Queued, ndis6.Miniport):
    """An entry is a net buffer list; the card's errors are FAILURE, since NDIS 6 knows no other."""

    aborted = nw.Status.RESET_IN_PROGRESS

    def send_net_buffer_lists(self, nbls: list[Packet], flags: int) -> None:
        self.take(nbls)

    def give_back(self, done: list[tuple[Packet, Status]]) -> None:
        self.complete(self.ended(done))

    def ended(self, done: list[tuple[Packet, Status]]) -> list[Packet]:
        """The lists, each with its status in it."""
        for nbl, status in done:
            nbl.status = nw.FAILURE if status == nw.Status.HARD_ERRORS else status
        return [nbl for nbl, _ in done]

    def complete(self, nbls: list[Packet]) -> None:
        """Give a chain back, with the flags of where that is done."""
        at_dispatch = self.adapter.irql == nw.Irql.DISPATCH
        flags = ndis6.DISPATCH_LEVEL if at_dispatch else 0
        self.adapter.send_net_buffer_lists_complete(nbls, flags)

    def pause(self) -> None:
        self.empty(nw.Status.PAUSED)

    def halt(self) -> None:
        pass

    def cancel_send(self, cancel_id: int) -> None:
        self.cancel(cancel_id, nw.Status.SEND_ABORTED)
