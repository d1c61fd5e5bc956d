"""Packets that are used by somebody who does not own them."""

from __future__ import annotations

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Isdn, Uart
from ndiswan.zoo.drivers.uart import FLAG
from ndiswan.zoo.plays import FRAME, Peer, talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ndiswan import Link, Ndis, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


class Counting(Isdn):
    """Counts the octets that went out."""

    octets = 0

    def complete(self, answers: Iterable[Answer]) -> None:
        answers = list(answers)
        for packet, status in answers:
            if status == nw.SUCCESS:
                self.octets += len(packet)
        super().complete(answers)


@bug("touch-statistics-after-completion", "TOUCH", talk(1), mended=Counting, events=36)
class CountsAfterwards(Counting):
    """The statistics are kept at the end, when it is known that the frame went out.

    The length was read out of a packet that the protocol had filled with the next frame by then. The numbers were a
    little wrong for years.
    """

    def complete(self, answers: Iterable[Answer]) -> None:
        answers = list(answers)
        Isdn.complete(self, answers)
        for packet, status in answers:
            if status == nw.SUCCESS:
                self.octets += len(packet)


class CountsQueued(Isdn):
    """Counts the octets that it was given."""

    octets = 0

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.octets += len(packet)
        return super().wan_send(link, packet)


@bug(
    "touch-statistics-in-the-send", "TOUCH", talk(1), mended=CountsQueued, preemptions=1, events=36
)
class CountsWhenQueued(CountsQueued):
    """The octets are counted once the frame is accepted.

    Accepted means that it is on the card, and a short frame may be out and completed before the next statement. The
    counter is right all the same, nearly always.
    """

    def wan_send(self, link: Link, packet: Packet) -> Status:
        status = Isdn.wan_send(self, link, packet)
        if status == nw.PENDING:
            self.octets += len(packet)
        return status


class Stuffing(Uart):
    """Escapes flags that are in the data; a frame may become twice as long, and the padding is made for that."""

    info = nw.WanInfo(max_frame_size=64, max_transmit=4, header_padding=1, tail_padding=100)

    def wan_send(self, link: Link, packet: Packet) -> Status:
        data = bytes(packet)
        escaped = data.replace(b"\x7d", b"\x7d\x5d").replace(FLAG, b"\x7d\x5e")
        more = len(escaped) - len(data)
        if more:
            packet.append(escaped[len(data) :])
            packet.data[: len(data)] = escaped[: len(data)]
        return super().wan_send(link, packet)


def flags_in_the_data(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Two frames as long as they may be, either of which may be one that has to be escaped."""
    link = ndis.bind(Peer(), driver(ndis))
    for _ in range(2):
        frame = FRAME + FLAG * (3 * ndis.choose(2, what="flags in the data"))
        link.send(frame.ljust(96, b"."))
    ndis.run()


@bug(
    "touch-beyond-the-padding",
    "PADDING",
    flags_in_the_data,
    mended=Stuffing,
    faults=True,
    events=46,
)
class StuffsALittle(Stuffing):
    """Frames grow when flags in their data are escaped, and the padding was made for one.

    Text has no such octets, and compressed data has them only sometimes. Then the trailer is written behind the buffer.
    """

    info = nw.WanInfo(max_frame_size=64, max_transmit=4, header_padding=1, tail_padding=2)
