"""The same semantics in plain Python: who owns a packet is checked at each step, completions go through a ring.

What the built-in models keep beside counts and sums (histograms, batches, time averages) is left out here.
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush

from simulating.workload import NS_PER_BYTE, SIZES, WINDOW, Outcome


class Owner(IntEnum):
    """Who owns a packet."""

    POOL = 0
    PROTOCOL = 1
    NDIS = 2
    MINIPORT = 3
    RETURNING = 4


class Status(IntEnum):
    """NDIS_STATUS."""

    SUCCESS = 0
    PENDING = 0x103


class BrokenRuleError(AssertionError):
    """Somebody touched what was not theirs."""


class Packet:
    """A packet with an owner and a life."""

    __slots__ = ("generation", "owner", "sent_at", "size")

    def __init__(self) -> None:
        self.owner = Owner.POOL
        self.generation = 0
        self.size = 0
        self.sent_at = 0


class World:
    """The library: time, the pool, the window, the ring of completions."""

    def __init__(self, window: int) -> None:
        self.now = 0
        self.events: list[tuple[int, int, Callable[..., None], Packet, Status]] = []
        self.number = 0
        self.pool = [Packet() for _ in range(window)]
        self.window = window
        self.outstanding = 0
        self.ring: deque[tuple[Packet, Status]] = deque()
        self.miniport = Miniport(self)
        self.protocol: Protocol

    def packet(self, size: int) -> Packet:
        """Take one out of the pool."""
        packet = self.pool.pop()
        if packet.owner is not Owner.POOL:
            raise BrokenRuleError("STALE")
        packet.owner = Owner.PROTOCOL
        packet.size = size
        return packet

    def send(self, packet: Packet) -> Status:
        """Check who may send it, and call the miniport."""
        if packet.owner is not Owner.PROTOCOL:
            raise BrokenRuleError("FOREIGN")
        if self.outstanding >= self.window:
            raise BrokenRuleError("WINDOW")
        packet.owner = Owner.MINIPORT
        packet.generation += 1
        packet.sent_at = self.now
        self.outstanding += 1
        status = self.miniport.wan_send(packet)
        if status is not Status.PENDING:
            if packet.owner is not Owner.MINIPORT:
                raise BrokenRuleError("EARLY")
            packet.owner = Owner.RETURNING
            self.ring.append((packet, status))
        return status

    def at(self, time: int, act: Callable[..., None], packet: Packet, status: Status) -> None:
        """Have something happen later."""
        self.number += 1
        heappush(self.events, (time, self.number, act, packet, status))

    def complete(self, packet: Packet, status: Status) -> None:
        """NdisMWanSendComplete: check who may complete it, and into the ring."""
        if packet.owner is not Owner.MINIPORT:
            raise BrokenRuleError("DOUBLE")
        if status is Status.PENDING:
            raise BrokenRuleError("STATUS")
        packet.owner = Owner.RETURNING
        self.ring.append((packet, status))

    def deliver(self) -> None:
        """Give back what is in the ring."""
        while self.ring:
            packet, status = self.ring.popleft()
            if packet.owner is not Owner.RETURNING:
                raise BrokenRuleError("LOST")
            packet.owner = Owner.PROTOCOL
            self.outstanding -= 1
            self.protocol.send_complete(packet, status)

    def free(self, packet: Packet) -> None:
        """The protocol lets go."""
        if packet.owner is not Owner.PROTOCOL:
            raise BrokenRuleError("FREE")
        packet.owner = Owner.POOL
        self.pool.append(packet)

    def run(self) -> None:
        """One event after the other."""
        while self.events:
            self.now, _, act, packet, status = heappop(self.events)
            act(packet, status)
            self.deliver()


class Miniport:
    """A card with one line."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.free_at = 0

    def wan_send(self, packet: Packet) -> Status:
        world = self.world
        self.free_at = max(self.free_at, world.now) + NS_PER_BYTE * packet.size
        world.at(self.free_at, world.complete, packet, Status.SUCCESS)
        return Status.PENDING


class Protocol:
    """Counts, and sends again."""

    def __init__(self, world: World, n: int) -> None:
        self.world = world
        self.left = n
        self.sent = self.count = self.latency = 0

    def send(self) -> None:
        size = SIZES[self.sent % 4096]
        self.sent += 1
        self.world.send(self.world.packet(size))

    def send_complete(self, packet: Packet, status: Status) -> None:
        if status is Status.SUCCESS:
            self.count += 1
        self.latency += self.world.now - packet.sent_at
        self.world.free(packet)
        if self.sent < self.left:
            self.send()


def same_semantics(n: int) -> Outcome:
    """Everything that the contract asks for."""
    world = World(WINDOW)
    world.protocol = Protocol(world, n)
    for _ in range(min(WINDOW, n)):
        world.protocol.send()
    world.run()
    return Outcome(world.protocol.count, world.protocol.latency, world.now)
