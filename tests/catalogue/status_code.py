"""Statuses: what a send may be answered with, and what a completion may carry."""

import ndiswan as nw
from catalogue.case import Modem, breaks, keeps


@breaks("STATUS_PENDING", call="ndis.run")
class NeverSetItsStatus(Modem):
    """The status variable begins as PENDING, and one path does not set it."""

    def sent(self):
        status = nw.PENDING
        self.adapter.wan_send_complete(self.take(), status)  # breaks STATUS_PENDING


@keeps("STATUS_PENDING")
class SetItsStatus(Modem):
    """The outcome is known when the packet is completed."""

    def sent(self):
        self.adapter.wan_send_complete(self.take(), nw.Status.HARD_ERRORS)


@breaks("STATUS_RESOURCES", call="link.send")
class LanHabit(Modem):
    """Made from a LAN driver: returns RESOURCES when its ring is full."""

    def wan_send(self, link, packet):
        return nw.Status.RESOURCES


@keeps("STATUS_RESOURCES")
class QueuesInstead(Modem):
    """Keeps the packet: the window bounds the queue."""


@breaks("STATUS_UNKNOWN", call="link.send")
class ForgetsToReturn(Modem):
    """Queues the packet and ends without a return statement."""

    def wan_send(self, link, packet):
        super().wan_send(link, packet)


@keeps("STATUS_UNKNOWN")
class Returns(Modem):
    """Returns what it did with the packet."""

    def wan_send(self, link, packet):
        return super().wan_send(link, packet)
