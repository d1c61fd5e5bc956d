"""A basic-rate card: two B channels, each a line with its own window, and a D channel that says when a call has ended.

wan_send ─► channel of the link: backlog, ring ─► interrupt ─► completed
the remote side hangs up ─► interrupt ─► what the channel has is completed, line-down

A channel without a link has no call: a frame that still comes for it is refused.
"""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.drivers.common import Driver, outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Adapter, Link, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


class DChannel:
    """The hardware that says which calls have ended."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._ended: list[int] = []
        self._calls = [adapter.device(lambda: self._ends(0)), adapter.device(lambda: self._ends(1))]

    def hang_up(self, number: int, seconds: float = 0.001) -> None:
        """The remote side ends a call."""
        self._calls[number].set(seconds)

    def _ends(self, number: int) -> None:
        self._ended.append(number)
        self._adapter.interrupt()

    def pending(self) -> bool:
        """Whether a call has ended and nobody has read so."""
        return bool(self._ended)

    def ended(self) -> list[int]:
        """Read which calls have ended, and forget it."""
        ended, self._ended = self._ended, []
        return ended


class Channel:
    """What the driver knows of one B channel."""

    def __init__(self) -> None:
        self.backlog: deque[Packet] = deque()
        self.ring: dict[int, Packet] = {}
        self.link: Link | None = None


class Bundle(Driver):
    """Brings both lines up in `initialize`, which a deserialized driver may."""

    info = nw.WanInfo(max_transmit=4, endpoints=2)
    line_up_at_bind = False
    hardware: ClassVar[dict[str, Any]] = {"depth": 2, "channels": 2}

    def initialize(self) -> None:
        super().initialize()
        self.d_channel = DChannel(self.adapter)
        self.tag = 0
        self.channels = [Channel(), Channel()]
        for number, channel in enumerate(self.channels):
            channel.link = self.adapter.line_up(speed=64_000, handle=number)

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets or self.channels[link.handle].link is None:
                return nw.Status.REQUEST_ABORTED
            self.channels[link.handle].backlog.append(packet)
            self.fill(link.handle)
        return nw.PENDING

    def fill(self, number: int) -> None:
        """As much of a channel's backlog into its ring as there are descriptors; the lock is held."""
        channel = self.channels[number]
        while channel.backlog and self.card.room(number):
            packet = channel.backlog.popleft()
            self.tag += 1
            channel.ring[self.tag] = packet
            self.card.start(self.tag, len(packet), number)

    def isr(self) -> bool:
        return self.card.acknowledge() or self.d_channel.pending()

    def take_tag(self, tag: int, status: Status) -> list[Answer]:
        """The frame with that tag, off the ring that it is on; the lock is held."""
        rings = [channel.ring for channel in self.channels if tag in channel.ring]
        return [(ring.pop(tag), status) for ring in rings]

    def handle_interrupt(self) -> None:
        answers: list[Answer] = []
        with self.lock:
            for tag, well in self.card.finished():
                answers += self.take_tag(tag, outcome(well=well))
            self.taken += len(answers)
            for number in range(len(self.channels)):
                self.fill(number)
            ended = self.d_channel.ended()
        self.complete(answers)
        for number in ended:
            self.call_ended(number)

    def call_ended(self, number: int) -> None:
        """What the channel has is completed, and then the line goes down."""
        with self.lock:
            link, self.channels[number].link = self.channels[number].link, None
            aborted = self.take_channel(number)
            self.taken += len(aborted)
        self.complete((packet, nw.FAILURE) for packet in aborted)
        if link is not None:
            self.adapter.line_down(link)

    def take_channel(self, number: int) -> list[Packet]:
        """Everything that a channel has, off the card; the lock is held."""
        channel = self.channels[number]
        for tag in channel.ring:
            self.card.cancel(tag)
        owed = [*channel.ring.values(), *channel.backlog]
        channel.ring.clear()
        channel.backlog.clear()
        return owed

    def take_all(self) -> list[Packet]:
        owed = self.take_channel(0) + self.take_channel(1)
        self.card.reset()
        return owed
