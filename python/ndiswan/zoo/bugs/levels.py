"""Levels: completed where no protocol's code may run."""

from __future__ import annotations

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Modem, Uart
from ndiswan.zoo.plays import talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Packet, Status


@bug(
    "irql-completed-in-the-isr",
    "IRQL_COMPLETE",
    talk(2, faults=True),
    mended=Modem,
    faults=True,
    also=("LOCK_HELD",),
    events=35,
)
class AnswersInItsIsr(Modem):
    """A frame that failed is given back in the interrupt service routine, since the line is down anyway.

    The rest of the routine was careful to leave everything to the DPC. This path came from a driver for another system.
    """

    def isr(self) -> bool:
        if not self.card.acknowledge():
            return False
        for tag, well in self.card.finished():
            if not well and self.sending is not None:
                packet, self.sending = self.sending, None
                self.adapter.wan_send_complete(packet, nw.Status.HARD_ERRORS)
            else:
                self.done.append((tag, well))
        return True

    def initialize(self) -> None:
        super().initialize()
        self.done: list[tuple[int, bool]] = []

    def handle_interrupt(self) -> None:
        answers = []
        with self.lock:
            done, self.done = self.done, []
            for tag, _ in done:
                if tag == self.tag and self.sending is not None:
                    self.watchdog.cancel()
                    answers.append(self.take_sending(nw.SUCCESS))
            self.start_next()
        self.complete(answers)


class Compressing(Uart):
    """Compresses in a thread of its own; a frame that does not get smaller is sent as it is."""

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.ndis.spawn(self.compress, packet)
        return nw.PENDING

    def compress(self, packet: Packet) -> None:
        """The thread, at PASSIVE_LEVEL; the level is raised before anything is given back."""
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(packet, nw.SUCCESS)


@bug("irql-thread-completes-at-passive", "IRQL_COMPLETE", talk(1), mended=Compressing, events=27)
class CompletesInItsThread(Compressing):
    """The thread that compresses completes at its own level.

    The driver is serialized: NDIS's own lock protects it, and only at DISPATCH. A thread of its own was an
    afterthought.
    """

    def compress(self, packet: Packet) -> None:
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
