"""A card for drivers to drive: descriptors, a status register, an interrupt.

    start(tag, length) ─► descriptor ─► the line ─► status register ─► interrupt ─► MiniportISR
                                                      └── finished() reads and clears

What the hardware does is an event of a `Device`: in virtual time after the time that the line needs, in adversarial
time whenever the explorer says so. Its faults are `Ndis.choose`: 0 is a card that works. Each access to a register is
a call into the engine, so another CPU may come in between, as it may on a bus.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan._native import Adapter, Device
    from ndiswan.ndis import Ndis


class Card:
    """The transmit side of a WAN card; a driver gives it frames by tag and asks it which are out.

    The interrupt is latched: until the driver acknowledges it no other one is raised, whatever happens meanwhile. A
    driver that reads the status first and acknowledges then misses what finished in between.

    Parameters
    ----------
    depth:
        How many descriptors there are; frames in one are out in the order in which they were started.
    channels:
        How many lines there are, each with its own descriptors and its own pace.
    bits_per_second:
        The speed of each line.
    faults:
        Whether the explorer may have a frame fail.
    stalls:
        Whether the explorer may have the card keep a frame for good.
    dead:
        Whether every frame fails.

    Examples
    --------
    >>> from ndiswan.card import Card
    >>> class OneCard(nw.Miniport):
    ...     def initialize(self):
    ...         self.card = Card(self.adapter, ndis)
    ...     def wan_send(self, link, packet):
    ...         self.sent = packet
    ...         self.card.start(tag=1, length=len(packet))
    ...         return nw.PENDING
    ...     def handle_interrupt(self):
    ...         self.card.acknowledge()
    ...         print(self.card.finished())
    ...         self.adapter.wan_send_complete(self.sent, nw.SUCCESS)
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), OneCard())
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    [(1, True)]
    """

    def __init__(
        self,
        adapter: Adapter,
        ndis: Ndis,
        *,
        depth: int = 4,
        channels: int = 1,
        bits_per_second: int = 64_000,
        faults: bool = False,
        stalls: bool = False,
        dead: bool = False,
    ) -> None:
        self.depth, self.bits_per_second = depth, bits_per_second
        self.faults, self.stalls, self.dead = faults, stalls, dead
        self._adapter, self._ndis, self._bus = adapter, ndis, _Bus(ndis)
        self._lines = [_Line(self) for _ in range(channels)]
        self._status: list[tuple[int, bool]] = []
        self._latched = False

    def start(self, tag: int, length: int, channel: int = 0) -> bool:
        """Fill a descriptor and let the card go; False if every descriptor of the channel is in use."""
        with self._bus:
            line = self._lines[channel]
            if len(line.frames) == self.depth:
                return False
            line.frames.append((tag, length))
            if len(line.frames) == 1:
                line.go()
            return True

    def room(self, channel: int = 0) -> int:
        """How many descriptors of the channel are free."""
        with self._bus:
            return self.depth - len(self._lines[channel].frames)

    def acknowledge(self) -> bool:
        """Take back the interrupt; whether this card had raised it."""
        with self._bus:
            latched, self._latched = self._latched, False
            return latched

    def finished(self) -> list[tuple[int, bool]]:
        """Read the status register, which clears it: the tags that are out, and whether they went well."""
        with self._bus:
            status, self._status = self._status, []
            return status

    def cancel(self, tag: int) -> bool:
        """Take a frame off the card, or its status out of the register; False if neither was there."""
        with self._bus:
            before = len(self._status)
            self._status = [entry for entry in self._status if entry[0] != tag]
            taken = [line.take(tag) for line in self._lines]
            return any(taken) or len(self._status) < before

    def reset(self) -> None:
        """Empty descriptors and status register, and take back the interrupt."""
        with self._bus:
            for line in self._lines:
                line.stop()
            self._status, self._latched = [], False

    def fails(self) -> bool:
        """The hardware's side: whether this frame goes wrong."""
        return self.dead or (self.faults and self._ndis.choose(2, what="the card fails") == 1)

    def keeps(self) -> bool:
        """The hardware's side: whether it says nothing of this frame, ever."""
        return self.stalls and self._ndis.choose(2, what="the card stalls") == 1

    def is_out(self, tag: int, *, well: bool) -> None:
        """The hardware's side: a frame has left the wire, or failed to."""
        self._status.append((tag, well))
        if not self._latched:
            self._latched = True
            self._adapter.interrupt()

    def device(self, line: _Line) -> Device:
        """A source of events for one line."""
        return self._adapter.device(line.is_out)


class _Bus:
    """An access over it: a moment before, and one until the driver has what it read."""

    def __init__(self, ndis: Ndis) -> None:
        self._ndis = ndis

    def __enter__(self) -> None:
        self._ndis.point()

    def __exit__(self, *_: object) -> None:
        self._ndis.point()


class _Line:
    """One line's descriptors: the first frame is on the wire."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.frames: list[tuple[int, int]] = []
        self._turn = 0
        self._device = card.device(self)

    def go(self) -> None:
        self._turn += 1
        self._device.set(self.frames[0][1] * 8 / self.card.bits_per_second)

    def is_out(self) -> None:
        turn = self._turn
        well, keeps = not self.card.fails(), self.card.keeps()
        if keeps or turn != self._turn:
            return  # it stays, or was taken off the card at the last moment
        tag, _ = self.frames.pop(0)
        self._turn += 1
        if self.frames:
            self.go()
        self.card.is_out(tag, well=well)

    def take(self, tag: int) -> bool:
        left = [frame for frame in self.frames if frame[0] != tag]
        if len(left) == len(self.frames):
            return False
        first_is_out = self.frames[0][0] == tag
        self.frames = left
        if first_is_out:
            self.stop_clock()
            if left:
                self.go()
        return True

    def stop(self) -> None:
        self.frames = []
        self.stop_clock()

    def stop_clock(self) -> None:
        self._turn += 1
        self._device.cancel()
