"""Statuses that are none, and answers that a WAN driver does not give."""

from __future__ import annotations

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Isdn
from ndiswan.zoo.plays import talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


@bug(
    "status-never-set", "STATUS_PENDING", talk(2, faults=True), mended=Isdn, faults=True, events=48
)
class LeavesItsStatus(Isdn):
    """The status of a frame begins as PENDING, and is set when it went well.

    For the other case there were two more lines, which went when the error codes were cleaned up. Lines are
    good today, so it was found late.
    """

    def take_finished(self) -> list[Answer]:
        answers = []
        for tag, well in self.card.finished():
            packet = self.ring.pop(tag, None)
            status = nw.PENDING
            if well:
                status = nw.SUCCESS
            if packet is not None:
                answers.append((packet, status))
        self.taken += len(answers)
        return answers


@bug("status-of-a-lan-driver", "STATUS_RESOURCES", talk(4), mended=Isdn, events=77)
class RefusesWhenFull(Isdn):
    """When the ring is full a send is refused with RESOURCES, as every driver for Ethernet does.

    There NDIS keeps the packet and tries again. On a WAN it takes the answer for the end of the packet.
    """

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if not self.card.room():
                return nw.Status.RESOURCES
        return super().wan_send(link, packet)
