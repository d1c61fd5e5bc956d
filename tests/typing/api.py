"""The public API as a type checker sees it: `mypy` (see pyproject.toml) is the test, nothing here is run.

`assert_type` states what a name is. An `ignore` states a mistake that the checker must find: with
`warn_unused_ignores` it is an error itself when the mistake is no longer found.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, assert_type

import ndiswan as nw
from ndiswan.drivers import CMiniport
from ndiswan.miniports import SerialMiniport

if TYPE_CHECKING:
    from pathlib import Path


class Modem(nw.Miniport):
    info = nw.WanInfo(max_frame_size=1500, max_transmit=4, header_padding=8, tail_padding=4)
    serialized = False

    def initialize(self) -> None:
        self.queue: deque[nw.Packet] = deque()
        self.lock = self.adapter.spin_lock("queue")
        self.timer = self.adapter.timer(self.sent)
        self.again = self.adapter.dpc(self.sent)
        assert_type(self.adapter, nw.Adapter)
        assert_type(self.lock, nw.SpinLock)
        assert_type(self.timer, nw.Timer)
        assert_type(self.again, nw.Dpc)

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        with self.lock as lock:
            assert_type(lock, nw.SpinLock)
            self.queue.append(packet)
        self.timer.set(len(packet.data) * 8 / link.speed)
        return nw.PENDING

    def sent(self) -> None:
        with self.lock.dpr:
            packet = self.queue.popleft()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
        self.adapter.wan_send_complete(packet, 0xC0000001)
        assert_type(self.timer.cancel(), bool)
        assert_type(self.again.queue(), bool)

    def reset(self) -> tuple[nw.Status, bool]:
        return nw.SUCCESS, False

    def query_information(self, oid: nw.Oid) -> Any:
        return self.info if oid is nw.Oid.WAN_GET_INFO else NotImplemented


class Forgetful(nw.Miniport):
    def wan_send(self, link: nw.Link, packet: nw.Packet) -> None:  # type: ignore[override]
        """A send is answered with a status."""


class Peer(nw.Protocol):
    def send_complete(self, packet: nw.Packet, status: nw.Status) -> None:
        assert_type(status.severity, nw.Severity)
        assert_type(status.known, bool)

    def receive(self, link: nw.Link, data: bytes) -> nw.Status | None:
        return None


class Backwards(nw.Protocol):
    def send_complete(self, status: nw.Status, packet: nw.Packet) -> None:  # type: ignore[override]
        """The packet comes first."""


def world(path: Path) -> None:
    """One run, from binding to the list of what was found."""
    with nw.Ndis(time=nw.VirtualTime(), on_violation="record", delivery="queued") as ndis:
        assert_type(ndis, nw.Ndis)
        link = ndis.bind(Peer(), Modem(), packets=8, name="com1")
        assert_type(link, nw.Link)
        assert_type(link.send(b"\xff\x03"), nw.Status)
        assert_type(link.send(memoryview(b"\xff\x03")), nw.Status)
        assert_type(link.send(link.packet(bytearray(2))), nw.Status)
        assert_type(ndis.run(until=1.5, max_events=10), int)
        assert_type(ndis.drain(), int)
        assert_type(ndis.now, float)
        assert_type(ndis.now_ns, int)
        assert_type(ndis.reset(link), nw.Status)
        assert_type(ndis.reset(link.adapter), nw.Status)
        assert_type(ndis.adapters, list[nw.Adapter])
        assert_type(ndis.violations, list[nw.ContractViolation])
        assert_type(ndis.errors, list[BaseException])
        assert_type(ndis.events(), list[nw.Event])
        assert_type(ndis.counters, dict[str, int])
        ndis.save(path)
        line = SerialMiniport("/dev/ttyUSB0", baudrate=115_200, early_completion=True)
        assert_type(ndis.bind(Peer(), line), nw.Link)

    nw.Ndis(on_violation="shout")  # type: ignore[arg-type]
    nw.Ndis(delivery="later")  # type: ignore[arg-type]
    nw.Ndis(time=0.5)  # type: ignore[arg-type]
    nw.Ndis(nw.VirtualTime())  # type: ignore[call-arg]
    ndis.bind(Modem(), Peer())  # type: ignore[arg-type]
    ndis.now = 3.0  # type: ignore[misc]
    link.send("text")  # type: ignore[arg-type]
    link.up = True  # type: ignore[misc]
    nw.Policy(beyond_window="drop")  # type: ignore[arg-type]
    nw.Policy(True)  # type: ignore[call-arg]


def packets(packet: nw.Packet) -> None:
    """What a packet is made of."""
    assert_type(packet.data, nw.PacketData)
    assert_type(packet.buffer, nw.PacketData)
    assert_type(packet.data[0], int)
    assert_type(packet.data[1:], nw.PacketData)
    assert_type(bytes(packet.data), bytes)
    assert_type(sum(packet.data), int)
    assert_type(memoryview(packet.data), memoryview)
    assert_type(len(packet), int)
    assert_type(packet.history, list[nw.Event])
    assert_type(packet.link, nw.Link | None)
    assert_type(packet.mac_reserved, list[Any])
    owners = Literal["pool", "protocol", "ndis", "miniport", "returning"]
    assert_type(packet.owner, owners)
    packet.data[0] = 0xFF
    packet.data[:2] = b"\xff\x03"
    packet.current_buffer += 2
    packet.current_length -= 2
    packet.wan_packet_queue = packet
    packet.prepend(b"\x7e")
    packet.append(packet.data)

    packet.data[0] = b"\xff"  # type: ignore[call-overload]
    packet.data = b"other"  # type: ignore[misc,assignment]
    packet.start_buffer = 4  # type: ignore[misc]
    packet.append("text")  # type: ignore[arg-type]


def adapters(adapter: nw.Adapter, link: nw.Link) -> None:
    """What a miniport calls NDIS with, and what it is told."""
    assert_type(adapter.irql, nw.Irql)
    before = adapter.raise_irql(nw.Irql.DISPATCH)
    assert_type(before, nw.Irql)
    adapter.lower_irql(before)
    with adapter.at(nw.Irql.DISPATCH) as old:
        assert_type(old, nw.Irql)
    assert_type(adapter.line_up(speed=56_000, quality=nw.Quality.RELIABLE, window=2), nw.Link)
    assert_type(adapter.line_up(link, window=1), nw.Link)
    assert_type(adapter.indicate_receive(link, b"\xff\x03"), nw.Status)
    assert_type(adapter.links, list[nw.Link])
    assert_type(adapter.allocate_memory(4), bytearray | None)
    assert_type(adapter.info, nw.WanInfo)
    assert_type(link.quality, nw.Quality)
    answer = link.query(nw.Oid.WAN_GET_LINK_INFO)
    if isinstance(answer, nw.LinkInfo):
        answer.send_accm = 0
        assert_type(link.set(nw.Oid.WAN_SET_LINK_INFO, answer), nw.Status)

    adapter.line_up(56_000)  # type: ignore[arg-type]
    adapter.timer("sent")  # type: ignore[arg-type]
    adapter.allocate_memory(b"frame")  # type: ignore[arg-type]
    adapter.wan_send_complete(link, nw.SUCCESS)  # type: ignore[arg-type]
    adapter.indicate_receive(b"\xff\x03")  # type: ignore[call-arg,arg-type]

    packet = link.packet(b"frame")
    adapter.wan_send_complete_many([packet], nw.SUCCESS)
    adapter.wan_send_complete_many(iter([packet]), [nw.SUCCESS, 0])
    adapter.wan_send_complete_many(packet)  # type: ignore[arg-type]


def rings(handles: bytearray, statuses: memoryview) -> None:
    """A ring takes whatever has a buffer; a checker does not see of what type its items are."""
    with nw.CompletionRing(64) as ring:
        assert_type(ring, nw.CompletionRing)
        ring.push(1, nw.SUCCESS, 2)
        assert_type(ring.try_push(1, 0), bool)
        assert_type(ring.push_many(handles, statuses, 0), int)
        assert_type(ring.drain_into(handles, statuses, timeout=None), int)
        assert_type((ring.capacity, len(ring), ring.closed), tuple[int, int, bool])
        ring.push(1.5, nw.SUCCESS)  # type: ignore[arg-type]
        ring.drain_into([1], statuses)  # type: ignore[arg-type]
        ring.drain_into(handles, statuses, None, 1.0)  # type: ignore[call-arg]


def found(violation: nw.ContractViolation) -> None:
    """What a broken rule carries."""
    assert_type(violation.rule, str)
    assert_type(violation.irql, nw.Irql)
    assert_type(violation.locks, list[str])
    assert_type(violation.packet, str | None)
    assert_type(violation.history, list[nw.Event])
    for event in violation.history:
        assert_type(event.irql, nw.Irql)
        assert_type(event.site, str | None)
    error: AssertionError = nw.OwnershipViolation.__new__(nw.OwnershipViolation)
    del error


def drivers(path: Path) -> None:
    """A driver in C is a miniport like others; `isolated` gives what the function does."""
    card = nw.load(path, isolate=True, define={"DBG": 1})
    assert_type(card, CMiniport)
    nw.Ndis().bind(nw.Protocol(), card)
    assert_type(nw.isolated(len, [1]), int)
    nw.load(path, isolate="yes")  # type: ignore[arg-type]


class Mine(nw.Packet):  # type: ignore[misc]
    """A packet is the engine's; what belongs to it goes into its reserved fields."""
