"""PPP in HDLC-like framing over a serial line, a pseudo-terminal or a socket: a deserialized miniport that does real work.

    wan_send ──► queue ──► writer thread ──► port        port ──► reader thread ──► indicate_receive
                  │              │                                      │
                  └── reset, halt, a lost peer: whoever takes a packet off the queue completes it

A packet is completed by the one that takes it off the queue, under the spin lock, and after releasing it: that alone
keeps "exactly once" between the writer, a reset, a halt and a peer that vanishes. The frame is copied and stuffed when it
is sent, so that nobody reads a packet that a reset has completed meanwhile.

Only the reader indicates, line-down included: what a peer sent before it vanished arrives before the line goes down.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndiswan import PENDING, Miniport, Oid, Status, WanInfo
from ndiswan._native import HdlcDecoder, hdlc_encode

from .port import Port, Wake

if TYPE_CHECKING:
    from ndiswan import Link, Packet

    from .port import PortSource

__all__ = ["SerialMiniport"]

# An escape that a flag follows: the receiver forgets the frame that it was in (RFC 1662, 4.3).
ABORT = b"\x7d\x7e"
# What NDIS asks a miniport to take beyond its MaxFrameSize.
SPARE = 32
# PPP_FRAMING and ACCM_SUPPORTED of NDIS_WAN_INFO.FramingBits.
FRAMING_BITS = 0x100 | 0x800
# Frames that the card of early completion holds.
CARD_FRAMES = 64


@dataclass(slots=True, eq=False)
class _Frame:
    """A stuffed frame on its way out; `packet` is what is still owed for it."""

    octets: bytes
    packet: Packet | None
    sent: int = 0

    @property
    def begun(self) -> bool:
        return 0 < self.sent < len(self.octets)


class SerialMiniport(Miniport):
    """Sends and receives PPP frames over `port`: a path, a file descriptor, or a socket.

    A send completes when the kernel has taken its last octet. With `early_completion` it completes as soon as the writer
    has put it into the memory of the card that this miniport plays (64 frames): the page's intelligent card.

    window: sends that may be uncompleted (MaxTransmit). max_frame: octets of a frame without framing (MaxFrameSize).
    accm: control characters that are escaped when sending; receive_accm: those that are dropped when received unescaped.
    Both also follow OID_WAN_SET_LINK_INFO. baudrate: for serial devices, in bits per second.

    Frames are sent and indicated as they are on the line, address and control octets (ff 03) included.
    """

    serialized = False
    line_up_at_bind = False

    def __init__(
        self,
        port: PortSource,
        *,
        early_completion: bool = False,
        window: int = 8,
        max_frame: int = 1500,
        accm: int = 0xFFFFFFFF,
        receive_accm: int = 0,
        baudrate: int | None = None,
    ) -> None:
        self.info = WanInfo(
            max_frame_size=max_frame,
            max_transmit=window,
            framing_bits=FRAMING_BITS,
            desired_accm=receive_accm,
        )
        self.early_completion = early_completion
        self.accm = accm
        self.receive_accm = receive_accm
        self._source = port
        self._baudrate = baudrate

    def initialize(self) -> None:
        """Open the port, bring the line up, start both threads."""
        self._port = Port(self._source, self._baudrate)
        self._lock = self.adapter.spin_lock("queue")
        self._queue: deque[_Frame] = deque()
        self._stopping = self._lost = False
        self._decoder = HdlcDecoder(max_frame=self.info.max_frame_size + SPARE, accm=self.receive_accm)
        self._to_write, self._to_read = Wake(), Wake()
        self._link: Link = self.adapter.line_up(speed=self._baudrate or 115_200)
        self._threads = [
            threading.Thread(target=loop, name=f"{self.adapter.name} {what}", daemon=True)
            for what, loop in (("writer", self._write_frames), ("reader", self._read_frames))
        ]
        for thread in self._threads:
            thread.start()

    def wan_send(self, link: Link, packet: Packet) -> Status:
        """Queue the frame for the writer."""
        frame = _Frame(hdlc_encode(bytes(packet.data), accm=self.accm), packet)
        with self._lock:
            if self._stopping or self._lost:
                return Status.FAILURE
            idle = not self._queue
            self._queue.append(frame)
        # A busy writer looks at the queue by itself; but the card of early completion takes frames at any time.
        if idle or self.early_completion:
            self._to_write.set()
        return PENDING

    def set_information(self, oid: int, value: Any) -> Any:
        """Take the control character maps of OID_WAN_SET_LINK_INFO."""
        if oid != Oid.WAN_SET_LINK_INFO:
            return super().set_information(oid, value)
        self.accm, self.receive_accm = value.send_accm, value.recv_accm
        return Status.SUCCESS

    def reset(self) -> Status:
        """Abort every queued send; the peer is told to forget a frame that was begun."""
        self._give_back(Status.REQUEST_ABORTED)
        self._to_write.set()
        return Status.SUCCESS

    def halt(self) -> None:
        """Stop both threads, give all packets back, close the port."""
        with self._lock:
            self._stopping = True
        self._to_write.set()
        self._to_read.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._give_back(Status.CLOSING)
        self._to_write.close()
        self._to_read.close()
        self._port.close()

    def _give_back(self, status: Status) -> None:
        with self._lock:
            frames = list(self._queue)
            self._queue.clear()
        for frame in frames:
            if frame.packet is not None:
                self.adapter.wan_send_complete(frame.packet, status)

    # ── the writer ──

    def _write_frames(self) -> None:
        frame: _Frame | None = None
        while True:
            self._to_write.clear()
            if self.early_completion:
                self._complete_early()
            frame = self._next_frame(frame)
            if self._stopping or self._lost:
                return
            if frame is None:
                self._port.wait(self._to_write)
                continue
            try:
                taken = self._port.write(memoryview(frame.octets)[frame.sent :])
            except OSError:
                self._lose_peer()
                return
            frame.sent += taken
            if frame.sent == len(frame.octets):
                self._complete_written(frame)
            elif not taken:
                self._port.wait(self._to_write, writable=True)

    def _next_frame(self, last: _Frame | None) -> _Frame | None:
        """The head of the queue. Was it taken away while half of it was on the line, an abort goes first."""
        with self._lock:
            if last and last.begun and not (self._queue and self._queue[0] is last):
                self._queue.appendleft(_Frame(ABORT, None))
            return self._queue[0] if self._queue else None

    def _complete_written(self, frame: _Frame) -> None:
        packet = None
        with self._lock:
            if self._queue and self._queue[0] is frame:
                self._queue.popleft()
                packet = frame.packet
        if packet is not None:
            self.adapter.wan_send_complete(packet, Status.SUCCESS)

    def _complete_early(self) -> None:
        """Complete what the card has room for. A completion may send again: that is for the next turn."""
        packets = []
        with self._lock:
            # The card holds the queue's head; only what came since is still owed.
            waiting = [frame for frame in self._queue if frame.packet is not None]
            room = CARD_FRAMES - (len(self._queue) - len(waiting))
            for frame in waiting[: max(room, 0)]:
                packets.append(frame.packet)
                frame.packet = None
        for packet in packets:
            self.adapter.wan_send_complete(packet, Status.SUCCESS)

    def _lose_peer(self) -> None:
        """From now on sends fail at once; the reader takes what is left to read and takes the line down."""
        with self._lock:
            self._lost = True
        self._give_back(Status.FAILURE)
        self._to_read.set()

    # ── the reader ──

    def _read_frames(self) -> None:
        while not self._stopping:
            try:
                octets = self._port.read()
            except OSError:
                octets = b""
            if octets:
                self._indicate(octets)
            elif octets is not None or self._lost:
                break
            else:
                self._port.wait(self._to_read, readable=True)
        if not self._stopping:
            self._lose_peer()
            self._to_write.set()
            self.adapter.line_down(self._link)

    def _indicate(self, octets: bytes) -> None:
        if self._decoder.accm != self.receive_accm:
            self._decoder.accm = self.receive_accm
        received = False
        for frame in self._decoder.feed(octets):
            if self._stopping:
                return
            if isinstance(frame, int):
                self.adapter.fragment(self._link, frame)
            else:
                self.adapter.indicate_receive(self._link, frame)
                received = True
        if received and not self._stopping:
            self.adapter.indicate_receive_complete(self._link)
