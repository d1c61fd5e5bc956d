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


class Guarding(Uart):
    """Keeps the interrupt off its list of frames by the level: the interrupt service routine looks at it, too."""

    def handle_interrupt(self) -> None:
        before = self.adapter.raise_irql(nw.Irql.HIGH)
        done = self.card.finished()
        self.adapter.lower_irql(before)
        for tag, _ in done:
            packet = self.fifo.pop(tag, None)
            if packet is not None:
                self.adapter.wan_send_complete(packet, nw.SUCCESS)
        self.fill()


@bug("irql-left-raised-by-early-return", "IRQL_LEAK", talk(2), mended=Guarding, plain=False)
class ReturnsRaised(Guarding):
    """The level is raised to look at the list, and the handler returns at once when the list is empty.

    It is empty if the interrupt before has done the work of both. On the machine of the author that did not happen.
    """

    def handle_interrupt(self) -> None:
        before = self.adapter.raise_irql(nw.Irql.HIGH)
        done = self.card.finished()
        if not done:
            return
        self.adapter.lower_irql(before)
        for tag, _ in done:
            packet = self.fifo.pop(tag, None)
            if packet is not None:
                self.adapter.wan_send_complete(packet, nw.SUCCESS)
        self.fill()


class Compressing(Uart):
    """Compresses in a thread of its own; a frame that does not get smaller is sent as it is."""

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.ndis.spawn(self.compress, packet)
        return nw.PENDING

    def compress(self, packet: Packet) -> None:
        """The thread, at PASSIVE_LEVEL; the level is raised before anything is given back."""
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(packet, nw.SUCCESS)


@bug("irql-thread-completes-at-passive", "IRQL_COMPLETE", talk(1), mended=Compressing)
class CompletesInItsThread(Compressing):
    """The thread that compresses completes at its own level.

    The driver is serialized: NDIS's own lock protects it, and only at DISPATCH.
    """

    def compress(self, packet: Packet) -> None:
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
