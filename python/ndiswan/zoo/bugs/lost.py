"""Packets that nobody completes: the driver has lost its record of them."""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Bundle, Isdn, Mailbox
from ndiswan.zoo.plays import FRAME, Peer, talk, two_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


@bug("lost-on-error-path", "LOST", talk(2, faults=True), mended=Isdn, faults=True, events=47)
class ForgetsFailures(Isdn):
    """A frame that the card fails to send is counted, and not completed.

    The loop skips what went wrong, since the error counter is all that anybody had asked for. By then the frame is off
    the ring, so no later path can find it.
    """

    errors = 0

    def take_finished(self) -> list[Answer]:
        answers = []
        for tag, well in self.card.finished():
            packet = self.ring.pop(tag, None)
            if not well:
                self.errors += 1
                continue
            if packet is not None:
                answers.append((packet, nw.SUCCESS))
        self.taken += len(answers)
        return answers


@bug("lost-at-line-down", "LOST", two_lines(4, hang_up=True), mended=Bundle, events=84)
class ClearsTheChannel(Bundle):
    """When a call ends the channel is made new, with what was in it.

    The next call was to begin with empty lists. Nobody looked whether they were empty when the last one ended.
    """

    def take_channel(self, number: int) -> list[Packet]:
        channel = self.channels[number]
        for tag in channel.ring:
            self.card.cancel(tag)
        channel.ring.clear()
        channel.backlog.clear()
        return []


class Copying(Isdn):
    """Sends copies, since the card reads whole words only; without memory for one it tries again later."""

    def initialize(self) -> None:
        super().initialize()
        self.copies: dict[int, bytearray] = {}
        self.again = self.adapter.timer(self.try_again)

    def fill(self) -> None:
        while self.backlog and self.card.room():
            copy = self.adapter.allocate_memory(len(self.backlog[0]))
            if copy is None:
                self.again.set(0.01)
                return
            self.load(self.backlog.popleft(), copy)

    def load(self, packet: Packet, copy: bytearray) -> None:
        """A descriptor for the copy; the lock is held."""
        copy[:] = packet.data
        self.tag += 1
        self.ring[self.tag], self.copies[self.tag] = packet, copy
        self.card.start(self.tag, len(copy))

    def try_again(self) -> None:
        """Perhaps there is memory now."""
        with self.lock:
            self.fill()

    def take_finished(self) -> list[Answer]:
        answers = super().take_finished()
        self.copies = {tag: copy for tag, copy in self.copies.items() if tag in self.ring}
        return answers

    def take_all(self) -> list[Packet]:
        self.again.cancel()
        self.copies.clear()
        return super().take_all()


@bug("lost-for-want-of-memory", "LOST", talk(2), mended=Copying, faults=True, events=48)
class TakesItFirst(Copying):
    """A frame is taken off the backlog, and then there is no memory for its copy.

    The driver does try again a little later, with the frame behind it. The early return is as old as the driver; that
    anything has to go back before it nobody saw, since there was always memory.
    """

    def fill(self) -> None:
        while self.backlog and self.card.room():
            packet = self.backlog.popleft()
            copy = self.adapter.allocate_memory(len(packet))
            if copy is None:
                self.again.set(0.01)
                return
            self.load(packet, copy)


class Narrowing(Isdn):
    """Narrows its window to one frame when the line has become bad, and leaves what it has where it is."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 1}

    def initialize(self) -> None:
        super().initialize()
        self.quality = self.adapter.timer(self.narrow)

    def wan_send(self, link: Link, packet: Packet) -> Status:
        if not self.tag:
            self.quality.set(0.001)
        return super().wan_send(link, packet)

    def narrow(self) -> None:
        """The line is worse than it was."""
        self.adapter.line_up(self.adapter.links[0], window=1)

    def halt(self) -> None:
        self.quality.cancel()
        super().halt()


@bug("lost-when-window-shrinks", "LOST", talk(3), mended=Narrowing, events=78)
class CutsItsQueue(Narrowing):
    """The queue is cut to the new window, and what was behind is gone.

    It was there to protect a table that has as many places as the window. NDIS had passed the frames down while the
    window was wider, so they are the driver's all the same.
    """

    def narrow(self) -> None:
        with self.lock:
            while len(self.backlog) > 1:
                self.backlog.pop()
        super().narrow()


class Tags(Mailbox):
    """The same with deeper queues on the card."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 4, "channels": 2}


def any_window(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """A window of one to four, and one to six frames."""
    miniport = driver(ndis)
    miniport.info = nw.WanInfo(max_transmit=1 + ndis.choose(4, what="window"))
    link = ndis.bind(Peer(), miniport)
    for _ in range(1 + ndis.choose(6, what="frames")):
        link.send(FRAME)
    ndis.run()


@bug(
    "lost-window-of-three-and-five-packets",
    "LOST",
    any_window,
    mended=Tags,
    faults=True,
    events=95,
)
class CountsItsTags(Tags):
    """Tags are counted modulo four, since no more than four frames are on the card.

    One processor of the card was slow: the frame with tag 0 was still in its queue when the fifth came, with the other
    three done or behind it. It took the same place in the table. It needs a window of three, and five packets.
    """

    sent = 0

    def post(self) -> None:
        while self.waiting:
            tag, packet = self.sent % self.tags, self.waiting.popleft()
            self.sent += 1
            self.commands[tag] = packet
            self.card.start(tag, len(packet), tag % 2)


class OneEach(Bundle):
    """Takes one frame a line at a time: the next one comes down when that is back."""

    info = nw.WanInfo(max_transmit=1, endpoints=2)


@bug(
    "lost-behind-a-dead-line",
    "LOST",
    two_lines(4, hang_up=True),
    mended=OneEach,
    preemptions=1,
    events=96,
)
class ChecksTheLineFirst(OneEach):
    """A frame is put onto a channel whose call has just ended.

    Whether the call is there was looked at before the lock is taken. In between the channel was emptied for good, and
    what is appended now waits for an interrupt that does not come; halt empties the channels that have a call.
    """

    def wan_send(self, link: Link, packet: Packet) -> Status:
        if self.resets or self.channels[link.handle].link is None:
            return nw.Status.REQUEST_ABORTED
        size = len(packet)
        with self.lock:
            if size > self.info.max_frame_size:
                return nw.Status.INVALID_LENGTH
            self.channels[link.handle].backlog.append(packet)
            if self.channels[link.handle].link is not None:
                self.fill(link.handle)
        return nw.PENDING

    def fill(self, number: int) -> None:
        if self.channels[number].link is not None:
            super().fill(number)

    def take_all(self) -> list[Packet]:
        owed = []
        for number, channel in enumerate(self.channels):
            if channel.link is not None:
                owed += self.take_channel(number)
        self.card.reset()
        return owed
