"""What goes wrong in the sister contracts, much of it on the way from one to the next."""

from __future__ import annotations

from typing import Any

import ndiswan as nw
from ndiswan import ndis6
from ndiswan._native import cancel
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers.queued import CoCard, LanCard, NblCard
from ndiswan.zoo.plays import FRAME, Peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status
    from ndiswan.zoo.catalogue import Play


def busy(
    frames: int,
    *,
    cancels: bool = False,
    resets: bool = False,
    pauses: bool = False,
    connections: int = 1,
) -> Play:
    """So many frames, every other with another id, and what happens to them while they are under way."""

    def play(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
        miniport: Any = driver(ndis)
        links = [ndis.bind(Peer(), miniport)]
        while len(links) < connections:
            links.append(miniport.adapter.activate_vc(send_window=8))
        for number in range(frames):
            packet = links[number % connections].packet(FRAME)
            packet.cancel_id = number % 2
            links[number % connections].send(packet)
            del packet
        if cancels:
            cancel(miniport.adapter, 1)
        if resets:
            ndis.reset(links[0])
        if pauses:
            ndis6.pause(links[0])
        ndis.run()

    return play


@bug("resources-of-the-serialized-driver", "STATUS_RESOURCES", busy(4), mended=LanCard, events=75)
class AsksToWait(LanCard):
    """RESOURCES is returned when both descriptors are in use.

    The driver was serialized, and NDIS kept what it refused. Since it is deserialized nobody does, and each
    refused packet is a lost frame.
    """

    def send(self, packet: Packet, flags: int) -> Status:
        if len(self.ring) == self.depth:
            return nw.Status.RESOURCES
        return super().send(packet, flags)


@bug("sync-success-of-the-serialized-driver", "SYNC", busy(2), mended=LanCard, events=33)
class AnswersAtOnce(LanCard):
    """A frame that fits into the card's own memory is answered with SUCCESS at once.

    The card has copied it, so the driver is done with it. A deserialized LAN driver may be, and has to say so by
    `NdisMSendComplete`.
    """

    def send(self, packet: Packet, flags: int) -> Status:
        if len(packet) <= 64:
            return nw.SUCCESS
        return super().send(packet, flags)


@bug("double-cancelled-and-sent", "DOUBLE", busy(4, cancels=True), mended=LanCard, events=109)
class CancelsInTheCard(LanCard):
    """A cancel completes what is in the card, too, and leaves it there.

    The card cannot be stopped in the middle of a frame, so the descriptor stays. The cancel is answered as it
    should be, and some milliseconds later the card is done with the same packet.
    """

    def cancel(self, cancel_id: int, status: Status) -> None:
        with self.lock:
            mine = [one for one in self.ring.values() if one.cancel_id == cancel_id]
            self.taken += len(mine)
        self.finish([(one, status) for one in mine])


@bug("face-of-the-wan-driver", "FACE", busy(4, resets=True), mended=LanCard, events=92)
class AbortsAsOnAWan(LanCard):
    """What a reset takes back is completed by NdisMWanSendComplete.

    The driver was a WAN driver, and every call was replaced but for this one, which nobody had ever seen run.
    A card is seldom reset.
    """

    def give_back(self, done: list[tuple[Packet, Status]]) -> None:
        for packet, status in done:
            if status == self.aborted:
                self.adapter.wan_send_complete(packet, status)
            else:
                self.adapter.send_complete(packet, status)


@bug("handle-of-the-last-connection", "HANDLE", busy(4, connections=2), mended=CoCard, events=104)
class KnowsOneConnection(CoCard):
    """Completes on the connection that was sent on last.

    With one connection that is always the right one. The driver was tested with one, and the second came with the
    second customer.
    """

    last: Link | None = None

    def co_send_packets(self, vc: Link, packets: list[Packet]) -> None:
        self.last = vc
        super().co_send_packets(vc, packets)

    def give_back(self, done: list[tuple[tuple[Link, Packet], Status]]) -> None:
        for (_, packet), status in done:
            self.adapter.co_send_complete(status, self.last, packet)


@bug("sync-failure-of-the-wan-driver", "SYNC", busy(6), mended=CoCard, events=105)
class RefusesByReturn(CoCard):
    """When something is queued already the driver returns FAILURE, as it did as a WAN driver.

    `MiniportCoSendPackets` returns nothing, so the compiler of the old days only warned. NDIS waits for a
    completion that the driver thinks it has given.
    """

    def co_send_packets(self, vc: Link, packets: list[Packet]) -> Any:
        if self.queue:
            return nw.FAILURE
        return super().co_send_packets(vc, packets)


@bug(
    "lost-when-cancelled", "LOST", busy(4, cancels=True), mended=CoCard, also=("CANCEL",), events=98
)
class ForgetsTheCancelled(CoCard):
    """A cancelled packet is taken off the queue, and that is all.

    Who cancels does not want it any more, the author thought, so nobody waits for it. The protocol does: the
    packet is its memory.
    """

    def cancel(self, cancel_id: int, status: Status) -> None:
        with self.lock:
            for one in [one for one in self.queue if self.packet(one).cancel_id == cancel_id]:
                self.queue.remove(one)


@bug("pause-with-the-card-at-work", "PAUSE", busy(4, pauses=True), mended=NblCard, events=80)
class PausesItsQueue(NblCard):
    """Pause gives the queue back, and says that it is done while the card has two lists.

    They will be out in some milliseconds. NDIS takes the buffers apart in some microseconds.
    """

    def pause(self) -> None:
        with self.lock:
            queued = list(self.queue)
            self.queue.clear()
            self.taken += len(queued)
        self.finish([(nbl, nw.Status.PAUSED) for nbl in queued])


@bug(
    "pause-does-not-wait-for-the-dpc",
    "PAUSE",
    busy(2, pauses=True),
    mended=NblCard,
    preemptions=1,
    events=56,
)
class PausesBesideTheDpc(NblCard):
    """Pause empties every list, and does not wait for the DPC that has just taken one off.

    Between the lock and the completion the list is on no list. A pause that comes there finds nothing and is done.
    """

    def pause(self) -> None:
        with self.lock:
            owed = self.take_all()
        self.finish([(nbl, nw.Status.PAUSED) for nbl in owed])


@bug("flag-of-the-send", "IRQL_FLAG", busy(2), mended=NblCard, events=65)
class RemembersTheFlag(NblCard):
    """The completion gets the flags that the send came with.

    Both are called flags, and both have that one bit. A send from a thread comes at PASSIVE, and the interrupt's
    DPC completes it at DISPATCH.
    """

    flags = 0

    def send_net_buffer_lists(self, nbls: list[Packet], flags: int) -> None:
        self.flags = flags
        super().send_net_buffer_lists(nbls, flags)

    def give_back(self, done: list[tuple[Packet, Status]]) -> None:
        for nbl, status in done:
            nbl.status = status
        self.adapter.send_net_buffer_lists_complete([nbl for nbl, _ in done], self.flags)


@bug("status-of-the-ndis-5-driver", "STATUS_LIST", busy(4, resets=True), mended=NblCard, events=92)
class AbortsAsInNdis5(NblCard):
    """What a reset takes back has REQUEST_ABORTED, as it had in NDIS 5.

    The name is in the headers still, so it compiles. It means that a request was aborted, and NDIS 6 has
    RESET_IN_PROGRESS for a send.
    """

    aborted = nw.Status.REQUEST_ABORTED


@bug("cancel-of-the-whole-queue", "CANCEL", busy(6, cancels=True), mended=NblCard, events=111)
class CancelsTheWholeQueue(NblCard):
    """A cancel aborts whatever is queued, whoever's it is.

    With one program at work there is one id. With two, one of them is told that it has cancelled what it waits for.
    """

    def cancel(self, cancel_id: int, status: Status) -> None:
        with self.lock:
            mine = list(self.queue)
            self.queue.clear()
            self.taken += len(mine)
        self.finish([(nbl, status) for nbl in mine])


@bug("pause-with-a-half-full-chain", "PAUSE", busy(5), mended=NblCard, events=103)
class CollectsFour(NblCard):
    """Finished lists go back four at a time, and nobody gives back a chain of three.

    One call for many is cheaper, and under load the next list is never far. After the last burst the chain waits
    for its fourth, and a pause that finds ring and queue empty is done.
    """

    def initialize(self) -> None:
        super().initialize()
        self.chain: list[tuple[Packet, Status]] = []

    def finish(self, done: list[tuple[Packet, Status]]) -> None:
        with self.lock:
            self.chain += done
            full = len(self.chain) >= 4
            mine, self.chain = (self.chain, []) if full else ([], self.chain)
        super().finish(mine)


@bug(
    "double-of-the-shared-chain",
    "DOUBLE",
    busy(4, cancels=True),
    mended=NblCard,
    preemptions=1,
    also=("STALE", "PAUSE"),
    events=101,
)
class KeepsOneChain(NblCard):
    """Finished lists are linked to one chain of the driver's, which is emptied after it was completed.

    Linking is under the lock, and the call cannot be. What another processor links to the chain before it is emptied
    goes back a second time, or never.
    """

    def initialize(self) -> None:
        super().initialize()
        self.chain: list[Packet] = []

    def finish(self, done: list[tuple[Packet, Status]]) -> None:
        with self.lock:
            self.chain += self.ended(done)
        self.complete(self.chain)
        self.put_down(len(self.chain))
        self.chain = []
