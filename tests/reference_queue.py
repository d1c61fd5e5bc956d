"""Plain queues for the plain model of a link: the disciplines as their papers have them."""

import math
from typing import Any

from ndiswan import models

MAX_PACKET = 1500  # RFC 8289's MAXPACKET


class Fifo:
    """The oldest goes next."""

    def __init__(self) -> None:
        self.packets: list[Any] = []

    def __len__(self) -> int:
        return len(self.packets)

    def push(self, packet: Any) -> None:
        self.packets.append(packet)

    def pop(self, now: int) -> tuple[Any, list[Any]]:
        """The packet that goes next, and those that are dropped for it, oldest first."""
        return self.packets.pop(0), []


class Priority(Fifo):
    """The oldest of the lowest class goes next."""

    def pop(self, now: int) -> tuple[Any, list[Any]]:
        packet = min(self.packets, key=lambda packet: packet.traffic_class)
        self.packets.remove(packet)
        return packet, []


class Drr(Fifo):
    """Shreedhar and Varghese 1996; the classes take their turns in the order of their numbers."""

    def __init__(self, quantum: int) -> None:
        super().__init__()
        self.quantum, self.turn = quantum, 0
        self.deficits = [0] * 256
        self.begins = True

    def pop(self, now: int) -> tuple[Any, list[Any]]:
        while True:
            own = [packet for packet in self.packets if packet.traffic_class == self.turn]
            if own:
                self.deficits[self.turn] += self.quantum * self.begins
                self.begins = False
                if own[0].bytes <= self.deficits[self.turn]:
                    self.packets.remove(own[0])
                    self.deficits[self.turn] -= own[0].bytes
                    return own[0], []
            # Who has nothing to send when its turn goes on has lost the rest of it.
            self.deficits[self.turn] *= bool(own)
            self.turn = (self.turn + 1) % len(self.deficits)
            self.begins = True


class CoDel(Fifo):
    """RFC 8289, section 5, in its own order."""

    def __init__(self, target: int, interval: int) -> None:
        super().__init__()
        self.target, self.interval = target, interval
        self.first_above = self.drop_next = self.count = self.last_count = 0
        self.dropping = False

    def look(self, now: int) -> tuple[Any, bool]:
        if not self.packets:
            self.first_above = 0
            return None, False
        packet = self.packets.pop(0)
        left = sum(other.bytes for other in self.packets)
        if now - packet.offered < self.target or left <= MAX_PACKET:
            self.first_above = 0
            return packet, False
        if not self.first_above:
            self.first_above = now + self.interval
            return packet, False
        return packet, now >= self.first_above

    def law(self, time: int) -> int:
        return time + int(self.interval / math.sqrt(self.count))

    def pop(self, now: int) -> tuple[Any, list[Any]]:
        dropped = []
        packet, may_drop = self.look(now)
        if self.dropping:
            self.dropping = may_drop
            while self.dropping and now >= self.drop_next:
                dropped.append(packet)
                self.count += 1
                packet, self.dropping = self.look(now)
                if self.dropping:
                    self.drop_next = self.law(self.drop_next)
        elif may_drop:
            dropped.append(packet)
            packet, _ = self.look(now)
            self.dropping = True
            since = self.count - self.last_count
            self.count = since if since > 1 and now - self.drop_next < 16 * self.interval else 1
            self.drop_next = self.law(now)
            self.last_count = self.count
        return packet, dropped


def queue_of(discipline: models.Discipline) -> Any:
    """The queue that a discipline describes."""
    match discipline:
        case models.Priority():
            return Priority()
        case models.Drr(quantum=quantum):
            return Drr(quantum)
        case models.CoDel(target_ns=target, interval_ns=interval):
            return CoDel(target, interval)
        case _:
            return Fifo()
