"""The card of isdn.h as a model: registers, interrupt, rings in memory, two wires, and a telephone network.

``nw.load("examples/c/isdn", device=IsdnCard())`` is the driver on its card; ``ndiswan check examples/c/isdn/device.py``
checks it, and with ``--arg bug=1`` to 4 its bad editions.

The network: each channel has a number, "100" and "200"; who dials the other's connects the two. A number that
begins with 9 is busy, one that begins with 0 never answers, any other answers after 20 ms and sends back what
it gets.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Adapter, Device
    from ndiswan.drivers import CMiniport

CONTROL, STATUS, MASK = 0x00, 0x04, 0x08
TX_LOW, TX_HIGH, DOORBELL, RX_LOW, RX_HIGH, DIGIT, COMMAND, WIRE = (
    0x00,
    0x04,
    0x08,
    0x10,
    0x14,
    0x20,
    0x24,
    0x28,
)
DIAL, ANSWER, HANG_UP = 1, 2, 3
IDLE, DIALING, RINGING, CONNECTED, BUSY = range(5)
RING = 4
OWNED_BY_CARD = 0x8000_0000
BITS_PER_SECOND = 64_000

_libc = ctypes.CDLL(None, use_errno=True)


class _Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def _transfer(function: str, address: int, buffer: ctypes.Array[ctypes.c_char]) -> bool:
    """Memory of the driver's by its physical address, which is its own; the kernel refuses what is not there."""
    here = _Span(ctypes.addressof(buffer), len(buffer))
    there = _Span(address, len(buffer))
    moved = getattr(_libc, function)(os.getpid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return bool(moved == len(buffer))


class Channel:
    """A B channel: its rings, its wire, and what it is sending."""

    def __init__(self, card: IsdnCard, number: int) -> None:
        self.card = card
        self.number = number
        self.wire = IDLE
        self.peer: Channel | None = None
        self.registers: dict[int, int] = {}
        self.digits = ""
        self.sending: bytes | None = None
        self.next_tx = self.next_rx = 0

    # DMA.

    def _ring(self, low: int, high: int) -> int:
        return self.registers.get(low, 0) | (self.registers.get(high, 0) << 32)

    def _descriptor(self, ring: int, index: int) -> tuple[int, int, int] | None:
        raw = self.card.read_memory(ring + 16 * index, 16) if ring else None
        if raw is None:
            return None
        low, high, length, flags = struct.unpack("<IIII", raw)
        return low | (high << 32), length, flags

    def _give_back(self, ring: int, index: int, length: int) -> None:
        self.card.write_memory(ring + 16 * index + 8, struct.pack("<II", length, 0))

    def send_next(self) -> None:
        """Starts the frame of the next descriptor that is the card's, if the wire is free."""
        found = self._descriptor(self._ring(TX_LOW, TX_HIGH), self.next_tx)
        if (
            self.sending is not None
            or self.wire != CONNECTED
            or found is None
            or not found[2] & OWNED_BY_CARD
        ):
            return
        address, length, _ = found
        self.sending = self.card.read_memory(address, length) or b""
        self.card.after(max(1, length) * 8 / BITS_PER_SECOND, self, "sent")

    def sent(self) -> None:
        """The frame is out: the descriptor is the driver's again, the other side has it."""
        frame, self.sending = self.sending, None
        if frame is None:
            return
        self._give_back(self._ring(TX_LOW, TX_HIGH), self.next_tx, len(frame))
        self.next_tx = (self.next_tx + 1) % RING
        self.card.due(0x01 << self.number)
        (self.peer or self).receive(frame)
        self.send_next()

    def receive(self, frame: bytes) -> None:
        """A frame comes in: into the ring, or lost if the driver has no room for it."""
        ring = self._ring(RX_LOW, RX_HIGH)
        found = self._descriptor(ring, self.next_rx)
        if (
            self.wire != CONNECTED
            or found is None
            or not found[2] & OWNED_BY_CARD
            or found[1] < len(frame)
        ):
            self.card.overruns += 1
            return
        self.card.write_memory(found[0], frame)
        self._give_back(ring, self.next_rx, len(frame))
        self.next_rx = (self.next_rx + 1) % RING
        self.card.due(0x04 << self.number)

    def forget(self) -> None:
        """What CONTROL_RESET does to a channel: no rings, nothing on its way."""
        self.card.cancel(self, "sent")
        self.sending = None
        for register in (TX_LOW, TX_HIGH, RX_LOW, RX_HIGH):
            self.registers.pop(register, None)

    # The wire.

    def becomes(self, wire: int) -> None:
        """The wire changes, which interrupts."""
        if self.wire != wire:
            self.wire = wire
            self.card.due(0x10 << self.number)

    def command(self, number: int) -> None:
        """COMMAND was written."""
        if number == DIAL:
            self.wire = DIALING
            self.card.after(0.005 if self._called() else 0.02, self, "reached")
        elif number == ANSWER and self.wire == RINGING and self.peer is not None:
            self.becomes(CONNECTED)
            self.peer.becomes(CONNECTED)
        elif number == HANG_UP:
            self.card.cancel(self, "reached")
            self.card.after(0.001, self, "hung_up")

    def _called(self) -> Channel | None:
        return next(
            (
                other
                for other in self.card.channels
                if other.own_number == self.digits and other is not self
            ),
            None,
        )

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
        self.card.cancel(self, "sent")
        self.sending = None
        other, self.peer = self.peer, None
        self.digits = ""
        self.becomes(IDLE)
        if other is not None:
            other.hung_up()


class IsdnCard:
    """The card: call it with an access to a register, as ``device=`` of `load` does."""

    def __init__(self, base: int = 0xD000_0000) -> None:
        self.base = base
        self.channels = [Channel(self, 0), Channel(self, 1)]
        self.status = self.mask = 0
        self.interrupts = self.overruns = self.bus_errors = 0
        self._adapter: Adapter | None = None
        self._later: dict[tuple[Channel, str], Device] = {}
        self._interrupt: Device | None = None

    def plug(self, adapter: Adapter) -> None:
        """Connects the card's interrupt and clock to a bound adapter."""
        self._adapter = adapter
        self._interrupt = adapter.device(self._raise)
        for channel in self.channels:
            for what in ("sent", "reached", "hung_up"):
                self._later[channel, what] = adapter.device(getattr(channel, what))

    def __call__(self, space: str, address: int, size: int, value: int | None) -> int | None:
        """An access of the driver's to a register."""
        offset = address - self.base
        if space != "memory" or size != 4 or not 0 <= offset < 0x100:
            self.bus_errors += 1
            return None if value is not None else 0xFFFF_FFFF
        if offset < 0x40:
            return self._own(offset, value)
        channel = self.channels[(offset - 0x40) // 0x40 & 1]
        register = offset & 0x3F
        if value is None:
            return channel.wire if register == WIRE else channel.registers.get(register, 0)
        if register == COMMAND:
            channel.command(value)
        elif register == DIGIT:
            channel.digits += chr(value & 0x7F)
        elif register == DOORBELL:
            channel.send_next()
        else:
            channel.registers[register] = value
            if register == TX_LOW:
                self.cancel(channel, "sent")
                channel.sending, channel.next_tx = None, 0
            elif register == RX_LOW:
                channel.next_rx = 0
        return None

    def _own(self, register: int, value: int | None) -> int | None:
        if value is None:
            return {STATUS: self.status, MASK: self.mask}.get(register, 0)
        if register == CONTROL and value & 1:
            self.status &= 0x30  # what the wires did is not forgotten
            for channel in self.channels:
                channel.forget()
        elif register == STATUS:
            self.status &= ~value
        elif register == MASK:
            self.mask = value
        self._look()
        return None

    def due(self, bits: int) -> None:
        """Something happened that may interrupt."""
        self.status |= bits
        self._look()

    def _look(self) -> None:
        if self.status & self.mask and self._interrupt is not None and not self._interrupt.armed:
            self._interrupt.set_ns(1000)

    def _raise(self) -> None:
        if self.status & self.mask and self._adapter is not None:
            self.interrupts += 1
            self._adapter.interrupt()

    def after(self, seconds: float, channel: Channel, what: str) -> None:
        """Lets a channel go on later."""
        device = self._later.get((channel, what))
        if device is not None:
            device.set(seconds)

    def cancel(self, channel: Channel, what: str) -> None:
        """It does not go on."""
        device = self._later.get((channel, what))
        if device is not None:
            device.cancel()

    def read_memory(self, address: int, length: int) -> bytes | None:
        """What the card reads by DMA; ``None``, and a bus error, if nothing is there."""
        buffer = ctypes.create_string_buffer(length)
        if length and not _transfer("process_vm_readv", address, buffer):
            self.bus_errors += 1
            return None
        return buffer.raw

    def write_memory(self, address: int, data: bytes) -> None:
        """What the card writes by DMA."""
        buffer = (ctypes.c_char * len(data)).from_buffer_copy(data)
        if data and not _transfer("process_vm_writev", address, buffer):
            self.bus_errors += 1


def make_miniport(bug: int = 0) -> CMiniport:
    """The driver on a card of its own, for `ndiswan check` and `ndiswan fuzz`."""
    from ndiswan.drivers import load  # noqa: PLC0415  (the model alone needs no compiler)

    return load(Path(__file__).parent, define={"BUG": bug}, device=IsdnCard())
