"""What only the sister contracts ask for: LAN, CoNDIS, NDIS 6."""

from collections import deque

import ndiswan as nw
from catalogue.case import FRAME, Modem, breaks, keeps
from ndiswan import condis, lan, ndis6


class Card(ndis6.Miniport):
    """A good NDIS 6 driver: finishes each list a millisecond later, and pauses and cancels as the page says."""

    def initialize(self):
        self.owed = deque()
        self.timer = self.adapter.timer(self.sent)

    def send_net_buffer_lists(self, nbls, flags):
        self.owed.extend(nbls)
        self.timer.set(0.001)

    def sent(self):
        self.finish(nw.SUCCESS, ndis6.DISPATCH_LEVEL)

    def finish(self, status, flags, nbls=None):
        nbls = list(self.owed) if nbls is None else nbls
        for nbl in nbls:
            self.owed.remove(nbl)
            nbl.status = status
        self.adapter.send_net_buffer_lists_complete(nbls, flags)

    def pause(self):
        self.timer.cancel()
        self.finish(nw.Status.PAUSED, 0)

    def cancel_send(self, cancel_id):
        mine = [nbl for nbl in self.owed if nbl.cancel_id == cancel_id]
        self.finish(nw.Status.SEND_ABORTED, 0, mine)


@breaks("SYNC", call="link.send", both=False)
class AnswersByReturn(condis.Miniport):
    """Was a WAN driver that was done with a frame as soon as it had it, and kept its return statement."""

    def co_send_packets(self, vc, packets):
        return nw.SUCCESS


@keeps("SYNC", both=False)
class AnswersByCompletion(condis.Miniport):
    """Completes each packet inside of the call, which is a completion like any other."""

    def co_send_packets(self, vc, packets):
        for packet in packets:
            self.adapter.co_send_complete(nw.SUCCESS, vc, packet)


@breaks("STATUS_LIST", call="ndis.run", both=False)
class SpeaksNdis5(Card):
    """Gives the error of its card as its NDIS 5 driver did."""

    def sent(self):
        nbls = list(self.owed)
        self.owed.clear()
        for nbl in nbls:
            nbl.status = nw.Status.HARD_ERRORS
        self.adapter.send_net_buffer_lists_complete(nbls, 1)  # breaks STATUS_LIST


@keeps("STATUS_LIST", both=False)
class SpeaksNdis6(Card):
    """Translates every error of its card into FAILURE."""

    def sent(self):
        self.finish(nw.FAILURE, ndis6.DISPATCH_LEVEL)


@breaks("IRQL_FLAG", call="ndis.run", both=False)
class ForgetsItsLevel(Card):
    """Gives the flags of the send, which came at PASSIVE, from its timer, which runs at DISPATCH."""

    def send_net_buffer_lists(self, nbls, flags):
        super().send_net_buffer_lists(nbls, flags)
        self.flags = flags

    def sent(self):
        nbls = list(self.owed)
        self.owed.clear()
        self.adapter.send_net_buffer_lists_complete(nbls, self.flags)  # breaks IRQL_FLAG


@keeps("IRQL_FLAG", both=False)
class KnowsItsLevel(Card):
    """Says DISPATCH_LEVEL in the timer and nothing in pause."""


def three_at_once(bench):
    """Three frames are sent, and everything that follows happens."""
    for _ in range(3):
        bench.send()
    bench.run()


class RoomForOne(lan.Miniport):
    """Has one descriptor, and answers RESOURCES while that is in use."""

    serialized = True

    def initialize(self):
        self.packet = None
        self.refused = False
        self.timer = self.adapter.timer(self.sent)

    def send(self, packet, flags):
        if self.packet is not None:
            self.refused = True
            return nw.Status.RESOURCES
        self.packet = packet
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        packet, self.packet = self.packet, None
        self.refused = False
        self.adapter.send_complete(packet)


@breaks("RESOURCES", call="ndis.run", both=False)
class AlwaysHasRoom(RoomForOne):
    """Tells NDIS of its descriptor after the completion, which told NDIS already."""

    def sent(self):
        super().sent()
        if self.packet is None:
            self.adapter.send_resources_available()  # breaks RESOURCES


@keeps("RESOURCES", both=False, drive=three_at_once)
class HasRoomAgain(RoomForOne):
    """Has a descriptor before its packet is completed, and says so if a send waits for it."""

    def sent(self):
        packet, self.packet = self.packet, None
        if self.refused:
            self.refused = False
            self.adapter.send_resources_available()
        self.adapter.send_complete(packet)


@breaks("FACE", call="ndis.run")
class CompletesAsALanDriver(Modem):
    """Was a LAN driver, and completes by the LAN call still."""

    def sent(self):
        while packet := self.take():
            lan.Adapter(self.adapter).send_complete(packet, nw.SUCCESS)  # breaks FACE


@keeps("FACE")
class CompletesAsAWanDriver(Modem):
    """Completes by the WAN call."""


def paused(bench):
    """A frame is sent, and the adapter is paused."""
    bench.send()
    bench.call = "ndis6.pause"
    ndis6.pause(bench.link)


@breaks("PAUSE", call="ndis6.pause", both=False, drive=paused)
class PausesWithASend(Card):
    """Stops its timer and says that it is paused; the list is forgotten."""

    def pause(self):
        self.timer.cancel()
        return nw.SUCCESS


@keeps("PAUSE", both=False, drive=paused)
class PausesWithNothing(Card):
    """Completes what it has with PAUSED first."""


def cancelled(bench):
    """Two lists are sent with ids of their own, and one is cancelled."""
    for cancel_id in (7, 8):
        nbl = bench.link.packet(FRAME)
        nbl.cancel_id = cancel_id
        bench.send(nbl)
    bench.call = "cancel"
    ndis6.cancel_send_net_buffer_lists(bench.link, 7)
    bench.run()


@breaks("CANCEL", call="cancel", both=False, drive=cancelled)
class CancelsEverything(Card):
    """Aborts its whole queue, whoever's it is."""

    def cancel_send(self, cancel_id):
        nbls = list(self.owed)
        self.owed.clear()
        for nbl in nbls:
            nbl.status = nw.Status.SEND_ABORTED
        self.adapter.send_net_buffer_lists_complete(nbls, 0)  # breaks CANCEL


@keeps("CANCEL", both=False, drive=cancelled)
class CancelsItsOwn(Card):
    """Aborts what has the id, and sends the rest."""
