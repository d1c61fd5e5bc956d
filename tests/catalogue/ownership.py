"""Every send is answered exactly once, by the one who has the packet."""

from typing import ClassVar

import ndiswan as nw
from catalogue.case import FRAME, Instant, Modem, breaks, keeps


@breaks("DOUBLE", call="ndis.run")
class CompletesTwice(Modem):
    """The timer that gives up and the interrupt that finishes: both complete."""

    def sent(self):
        packet = self.take()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
        self.adapter.wan_send_complete(packet, nw.FAILURE)  # breaks DOUBLE


@keeps("DOUBLE")
class CompletesOnce(Modem):
    """Whoever takes the packet off the queue is the only one to complete it."""

    def sent(self):
        packet = self.take()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


@breaks("LOST", call="ndis.close")
class ForgetsAnError(Modem):
    """An error path drops the driver's record of a packet, and the packet with it."""

    def sent(self):
        self.take()


@keeps("LOST")
class CompletesAnError(Modem):
    """The error path completes the packet, with an error."""

    def sent(self):
        self.adapter.wan_send_complete(self.take(), nw.FAILURE)


def two_cards(bench):
    """A second card is bound; each gets a frame."""
    second = bench.bind()
    bench.send()
    bench.send(link=second)
    bench.run()


@breaks("FOREIGN", call="ndis.run", drive=two_cards)
class OneQueueForTwoCards(Modem):
    """A global of the driver holds what belongs to one card, and the other card's timer takes it."""

    last: ClassVar = [None]

    def wan_send(self, link, packet):
        self.last[0] = packet
        return super().wan_send(link, packet)

    def sent(self):
        packet, self.last[0] = self.last[0], None
        if packet:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)  # breaks FOREIGN


@keeps("FOREIGN", drive=two_cards)
class OneQueueForEachCard(Modem):
    """Each card completes what it was given."""


def same_packet_twice(bench):
    """The same packet is sent, comes back, and is sent again."""
    packet = bench.link.packet(FRAME)
    bench.send(packet)
    bench.run()
    bench.send(packet)
    bench.run()


@breaks("STALE", call="ndis.run", drive=same_packet_twice)
class KeepsAnOldReference(Modem):
    """A table entry of the first send is still there when the same packet is sent again."""

    table = None

    def wan_send(self, link, packet):
        self.table = self.table or packet
        return super().wan_send(link, packet)

    def sent(self):
        packet = self.take()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
        if packet is not self.table:
            self.adapter.wan_send_complete(self.table, nw.SUCCESS)  # breaks STALE


@keeps("STALE", drive=same_packet_twice)
class ForgetsAnOldReference(Modem):
    """The table's entry goes before the packet does."""

    table = None

    def wan_send(self, link, packet):
        self.table = packet
        return super().wan_send(link, packet)

    def sent(self):
        self.take()
        packet, self.table = self.table, None
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


@breaks("EARLY", call="link.send")
class CompletesAndAnswers(Instant):
    """On a bad frame it completes with FAILURE, and returns FAILURE."""

    def wan_send(self, link, packet):
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(packet, nw.FAILURE)
        return nw.FAILURE


@keeps("EARLY")
class CompletesAndPends(Instant):
    """Completed inside of the call, and answered PENDING: each send is answered one way."""

    def wan_send(self, link, packet):
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(packet, nw.FAILURE)
        return nw.PENDING
