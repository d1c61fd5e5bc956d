"""The end of an adapter: nothing of it runs after halt."""

from __future__ import annotations

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Bundle, Modem
from ndiswan.zoo.plays import FRAME, Peer, two_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Ndis


def closed_at_once(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Frames, and the world is closed while they are on their way."""
    link = ndis.bind(Peer(), driver(ndis))
    link.send(FRAME)
    link.send(FRAME)


@bug(
    "halt-completes-afterwards",
    "HALT",
    closed_at_once,
    mended=Modem,
    preemptions=1,
    also=("DOUBLE", "LOST"),
    events=51,
)
class HaltsBesideItsWatchdog(Modem):
    """Halt completes what it finds, and leaves the frame in the card where it is found again.

    The watchdog had fired on the other processor before it was cancelled. When it came to its turn the adapter was
    gone, and the frame was still noted as being sent.
    """

    def halt(self) -> None:
        with self.lock:
            self.watchdog.cancel()
            owed = [self.sending] if self.sending is not None else []
            owed += self.queue
            self.queue.clear()
            self.taken += len(owed)
        self.complete((packet, nw.Status.REQUEST_ABORTED) for packet in owed)


class Heartbeat(Modem):
    """Looks after its line every 0.2 s, until it is halted."""

    def initialize(self) -> None:
        super().initialize()
        self.halted = False
        self.beats = 0
        self.heartbeat = self.adapter.timer(self.beat)
        self.heartbeat.set(0.2)

    def beat(self) -> None:
        """The timer: sets itself again."""
        self.card.room()
        with self.lock:
            self.beats += 1
            if not self.halted and self.beats < 3:
                self.heartbeat.set(0.2)

    def halt(self) -> None:
        with self.lock:
            self.halted = True
            self.heartbeat.cancel()
        super().halt()


@bug("timer-set-again-in-halt", "TIMER", closed_at_once, mended=Heartbeat, preemptions=1, events=51)
class BeatsOnce(Heartbeat):
    """Halt cancels the heartbeat, which is just running and sets itself again.

    Cancelling says that it was not set, and that was taken for good. It was set a moment later.
    """

    def halt(self) -> None:
        self.heartbeat.cancel()
        Modem.halt(self)


@bug("line-down-in-halt", "INDICATE", two_lines(2), mended=Bundle, events=58)
class SaysGoodbye(Bundle):
    """Halt indicates line-down for the calls that are still there.

    Whoever wrote it wanted to leave nothing open. The protocol's side of the adapter is being taken down at that
    moment.
    """

    def halt(self) -> None:
        super().halt()
        for channel in self.channels:
            if channel.link is not None:
                with self.adapter.at(nw.Irql.DISPATCH):
                    self.adapter.line_down(channel.link)


class Receiving(Bundle):
    """Has a frame in its receive buffer when the call ends, and throws it away."""

    last_words = b"\xff\x03\xc0\x21\x05\x02\x00\x04"

    def call_ended(self, number: int) -> None:
        super().call_ended(number)
        self.received(number)

    def received(self, number: int) -> None:
        """The frame in the buffer; nobody wants it if the line is down."""
        link = self.channels[number].link
        if link is not None:
            self.adapter.indicate_receive(link, self.last_words)


@bug("line-down-and-then-a-frame", "LINE", two_lines(2, hang_up=True), mended=Receiving, events=59)
class ReceivesOnADeadLine(Receiving):
    """The frame that is still in the receive buffer is indicated after the line-down.

    The buffer is looked at when everything else is done. It has the peer's goodbye in it, every time.
    """

    def call_ended(self, number: int) -> None:
        link = self.channels[number].link
        super().call_ended(number)
        if link is not None:
            self.adapter.indicate_receive(link, self.last_words)
