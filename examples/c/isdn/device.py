"""The card of isdn.h as a model: registers, interrupt, rings in memory, two wires, and a telephone network.

``nw.load("examples/c/isdn", device=IsdnCard())`` is the driver on its card; ``ndiswan check examples/c/isdn/device.py``
checks it, and with ``--arg bug=1`` to 4 its bad editions.

The network: each channel has a number, "100" and "200"; who dials the other's connects the two. A number that
begins with 9 is busy, one that begins with 0 never answers, any other answers after 20 ms and sends back what
it gets.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ndiswan.drivers import (
    CardModel,
    DescriptorRing,
    Register,
    Registers,
    read_memory,
    write_memory,
)

if TYPE_CHECKING:
    from ndiswan.drivers import CMiniport

IDLE, DIALING, RINGING, CONNECTED, BUSY = range(5)
DIAL, ANSWER, HANG_UP = 1, 2, 3
OWNED_BY_CARD = 0x8000_0000
BITS_PER_SECOND = 64_000


class Channel(Registers):
    """A B channel: its rings, its wire, and what it is sending."""

    tx_low, tx_high, doorbell = Register(0x00), Register(0x04), Register(0x08)
    rx_low, rx_high = Register(0x10), Register(0x14)
    digit, command = Register(0x20), Register(0x24)
    wire = Register(0x28, writable=0)

    def __init__(self, card: IsdnCard, number: int) -> None:
        super().__init__(card)
        self.isdn, self.number = card, number
        self.peer: Channel | None = None
        self.digits = ""
        self.sending: bytes | None = None
        self.tx, self.rx = DescriptorRing("<QII", 4), DescriptorRing("<QII", 4)

    # DMA.

    @tx_low.on_write
    def has_tx_ring(self, low: int) -> None:
        """The driver has said where it is: its high half comes first."""
        self.card.cancel(self.sent)
        self.sending = None
        self.tx.place(self.tx_high << 32 | low)

    @rx_low.on_write
    def has_rx_ring(self, low: int) -> None:
        """The driver has said where it is: its high half comes first."""
        self.rx.place(self.rx_high << 32 | low)

    @doorbell.on_write
    def send_next(self, _: int = 0) -> None:
        """Starts the frame of the next descriptor that is the card's, if the wire is free."""
        if self.sending is not None or self.wire != CONNECTED or not self.tx.address:
            return
        address, length, flags = self.tx.read()
        if flags & OWNED_BY_CARD:
            self.sending = read_memory(address, length)
            self.card.after(max(1, length) * 8 / BITS_PER_SECOND, self.sent)

    def sent(self) -> None:
        """The frame is out: the descriptor is the driver's again, the other side has it."""
        if self.sending is None:
            return
        frame, self.sending = self.sending, None
        address, length, _ = self.tx.read()
        self.tx.write(address, length, 0)
        self.tx.advance()
        self.isdn.cause |= 0x01 << self.number
        (self.peer or self).receive(frame)
        self.send_next()

    def receive(self, frame: bytes) -> None:
        """A frame comes in: into the ring, or lost if the driver has no room for it."""
        address, room, flags = self.rx.read() if self.rx.address else (0, 0, 0)
        if self.wire != CONNECTED or not flags & OWNED_BY_CARD or room < len(frame):
            self.isdn.overruns += 1
            return
        write_memory(address, frame)
        self.rx.write(address, len(frame), 0)
        self.rx.advance()
        self.isdn.cause |= 0x04 << self.number

    def forget(self) -> None:
        """What a reset of the card does to a channel: no rings, nothing on its way."""
        self.card.cancel(self.sent)
        self.sending = None
        self.tx.place(0)
        self.rx.place(0)

    # The wire.

    def becomes(self, wire: int) -> None:
        """The wire changes, which interrupts."""
        if self.wire != wire:
            self.wire = wire
            self.isdn.cause |= 0x10 << self.number

    @digit.on_write
    def dialed(self, digit: int) -> None:
        """One more of the number."""
        self.digits += chr(digit & 0x7F)

    @command.on_write
    def told(self, command: int) -> None:
        """Dial, answer or hang up."""
        if command == DIAL:
            self.wire = DIALING
            self.card.after(0.005 if self._called() else 0.02, self.reached)
        elif command == ANSWER and self.wire == RINGING and self.peer is not None:
            self.becomes(CONNECTED)
            self.peer.becomes(CONNECTED)
        elif command == HANG_UP:
            self.card.cancel(self.reached)
            self.card.after(0.001, self.hung_up)

    def _called(self) -> Channel | None:
        others = (other for other in self.isdn.channels if other is not self)
        return next((other for other in others if other.own_number == self.digits), None)

    @property
    def own_number(self) -> str:
        """What others dial to call this channel."""
        return f"{self.number + 1}00"

    def reached(self) -> None:
        """The network has looked up what was dialed."""
        digits, other = self.digits, self._called()
        self.digits = ""
        if digits.startswith("9") or (other is not None and other.wire != IDLE):
            self.becomes(BUSY)
        elif other is not None:
            self.peer, other.peer = other, self
            other.becomes(RINGING)
        elif not digits.startswith("0"):
            self.becomes(CONNECTED)

    def hung_up(self) -> None:
        """The wire is idle, and that of the other side too."""
        self.card.cancel(self.sent)
        self.sending = None
        other, self.peer = self.peer, None
        self.digits = ""
        self.becomes(IDLE)
        if other is not None:
            other.hung_up()


class IsdnCard(CardModel):
    """The card: two channels, and an interrupt while a cause is due that the driver has not masked."""

    base = 0xD000_0000
    control = Register(0x00)
    cause = Register(0x04, writable=0, clears=0x3F)
    mask = Register(0x08)

    def __init__(self) -> None:
        super().__init__()
        self.overruns = 0
        self.channels = [Channel(self, 0), Channel(self, 1)]
        self.blocks = {0x40: self.channels[0], 0x80: self.channels[1]}

    def interrupting(self) -> int:
        """By which causes."""
        return self.cause & self.mask

    @control.on_write
    def commanded(self, value: int) -> None:
        """A reset forgets the rings; what the wires did is not forgotten."""
        if value & 1:
            self.cause &= 0x30
            for channel in self.channels:
                channel.forget()


def make_miniport(bug: int = 0) -> CMiniport:
    """The driver on a card of its own, for `ndiswan check` and `ndiswan fuzz`."""
    from ndiswan.drivers import load  # noqa: PLC0415  (the model alone needs no compiler)

    return load(Path(__file__).parent, define={"BUG": bug}, device=IsdnCard())
