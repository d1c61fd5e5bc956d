"""What people write today instead: the same semantics in plain Python, and the same model in SimPy."""

from collections import deque
from enum import IntEnum


class Owner(IntEnum):
    """Who owns a packet."""

    POOL = 0
    PROTOCOL = 1
    NDIS = 2
    MINIPORT = 3
    RETURNING = 4


PENDING = 0x103
SUCCESS = 0


class PlainPacket:
    """A packet with an owner, a life and a history."""

    __slots__ = ("data", "generation", "history", "owner")

    def __init__(self) -> None:
        self.owner = Owner.POOL
        self.generation = 0
        self.data = bytearray(1532)
        self.history: deque[tuple[str, int]] = deque(maxlen=32)


class PlainLink:
    """A window and a queue."""

    __slots__ = ("outstanding", "queue", "up", "window")

    def __init__(self, window: int) -> None:
        self.up = True
        self.window = window
        self.outstanding = 0
        self.queue: deque[PlainPacket] = deque()


class PlainWorld:
    """Send, window, ownership, completion and history as one would write them by hand."""

    def __init__(self, miniport: type, protocol: type) -> None:
        self.pool = [PlainPacket() for _ in range(64)]
        self.link = PlainLink(4)
        self.miniport = object.__new__(miniport)
        self.miniport.queue = deque()
        self.protocol = protocol()
        self.irql = 0
        self.locks: list[object] = []

    def send(self, data: bytes) -> int:
        """Take a packet, check who may send it, and hand it down."""
        packet = self.pool.pop()
        if packet.owner is not Owner.POOL:
            raise AssertionError("in use")
        packet.data[: len(data)] = data
        packet.owner = Owner.NDIS
        packet.history.append(("send", len(data)))
        link = self.link
        if self.irql > 2 or not link.up:
            raise AssertionError("not here")
        if link.outstanding >= link.window or link.queue:
            link.queue.append(packet)
            return PENDING
        link.outstanding += 1
        packet.generation += 1
        packet.owner = Owner.MINIPORT
        packet.history.append(("submit", packet.generation))
        status = int(self.miniport.wan_send(link, packet, PENDING))
        packet.history.append(("return", status))
        if status != PENDING:
            if packet.owner is not Owner.MINIPORT:
                raise AssertionError("EARLY")
            self.home(packet, status)
        return status

    def complete(self, packet: PlainPacket, status: int) -> None:
        """Check who may complete it, and give it back."""
        if packet.owner is not Owner.MINIPORT:
            raise AssertionError("DOUBLE")
        if self.locks or self.irql > 2 or status == PENDING:
            raise AssertionError("not here")
        packet.owner = Owner.RETURNING
        packet.history.append(("complete", status))
        self.home(packet, status)

    def home(self, packet: PlainPacket, status: int) -> None:
        """Open the window and call the protocol."""
        packet.owner = Owner.PROTOCOL
        self.link.outstanding -= 1
        packet.history.append(("deliver", status))
        old, self.irql = self.irql, 2
        self.protocol.send_complete(packet, status)
        self.irql = old
        packet.owner = Owner.POOL
        self.pool.append(packet)

    def round_trips(self, data: bytes, n: int) -> None:
        """Send and complete `n` packets."""
        send, complete, queue = self.send, self.complete, self.miniport.queue
        for _ in range(n):
            send(data)
            complete(queue.popleft(), SUCCESS)
