"""PPP in HDLC-like framing over a serial line, a pseudo-terminal or a socket: a miniport that does real work.

    wan_send ──► queue ──► writer thread ──► port        port ──► reader thread ──► indicate_receive
                  │              │                                      │
                  └── reset, halt, a lost peer: whoever takes a packet off the queue completes it

The frame is copied and stuffed when it is sent, so that nobody reads a packet that a reset has completed meanwhile.
Only the reader indicates, line-down included: what a peer sent before it vanished arrives before the line goes down.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ndiswan import PENDING, LinkInfo, Miniport, Oid, Status, WanInfo
from ndiswan._native import HdlcDecoder, hdlc_encode
from ndiswan.given import whole

from .port import Port, Wake
from .send_queue import Frame, SendQueue

if TYPE_CHECKING:
    from ndiswan import Link, Packet

    from .port import PortSource

__all__ = ["SerialMiniport"]

# What NDIS asks a miniport to take beyond its MaxFrameSize.
SPARE = 32
# PPP_FRAMING and ACCM_SUPPORTED of NDIS_WAN_INFO.FramingBits.
FRAMING_BITS = 0x100 | 0x800
# The miniport's name for its only link.
LINK_HANDLE = 1
# An ACCM with all of the 32 control characters.
ALL_CHARACTERS = 0xFFFFFFFF
# Frames that the card of early completion holds.
CARD_FRAMES = 64


class SerialMiniport(Miniport):
    """Sends and receives PPP frames over `port`: a path, a file descriptor, or a socket.

    A send completes when the kernel has taken its last octet. With `early_completion` it completes as soon as the
    writer has put it into the memory of the card that this miniport plays (64 frames): the page's intelligent card.

    window: sends that may be uncompleted (MaxTransmit). max_frame: octets without framing (MaxFrameSize).
    accm: control characters that are escaped when sending; receive_accm: those that are dropped when they come
    unescaped; both also follow OID_WAN_SET_LINK_INFO. baudrate: for serial devices, in bits per second.

    Frames are sent and indicated as they are on the line, address and control octets (ff 03) included.

    >>> import socket
    >>> from ndiswan.miniports import SerialMiniport
    >>> here, there = socket.socketpair()
    >>> with nw.Ndis(time=nw.RealTime()) as ndis:
    ...     link = ndis.bind(nw.Protocol(), SerialMiniport(here))
    ...     status = link.send(bytes.fromhex("ff03c021 01000004"))
    ...     there.recv(100).hex()
    '7eff7d23c0217d217d207d207d247d2def7e'
    >>> here.close()
    >>> there.close()
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
        accm: int = ALL_CHARACTERS,
        receive_accm: int = 0,
        baudrate: int | None = None,
    ) -> None:
        whole("accm", accm, 0, ALL_CHARACTERS)
        whole("receive_accm", receive_accm, 0, ALL_CHARACTERS)
        self.info = WanInfo(
            max_frame_size=max_frame,
            max_transmit=window,
            framing_bits=FRAMING_BITS,
            desired_accm=receive_accm,
        )
        self.link_info = LinkInfo(
            link_handle=LINK_HANDLE,
            max_send_frame_size=max_frame,
            max_recv_frame_size=max_frame,
            send_framing_bits=FRAMING_BITS,
            recv_framing_bits=FRAMING_BITS,
            send_accm=accm,
            recv_accm=receive_accm,
        )
        self.early_completion = early_completion
        self._source = port
        self._baudrate = baudrate

    def initialize(self) -> None:
        """Open the port, bring the line up, start both threads."""
        self._port = Port(self._source, self._baudrate)
        self._queue = SendQueue(self.adapter)
        self._stopping = False
        self._decoder = HdlcDecoder(max_frame=self.info.max_frame_size + SPARE)
        self._to_write, self._to_read = Wake(), Wake()
        self._link: Link = self.adapter.line_up(speed=self._baudrate or 115_200, handle=LINK_HANDLE)
        self._threads = [
            threading.Thread(target=loop, name=f"{self.adapter.name} {what}", daemon=True)
            for what, loop in (("writer", self._write_frames), ("reader", self._read_frames))
        ]
        for thread in self._threads:
            thread.start()

    def wan_send(self, link: Link, packet: Packet) -> Status:  # noqa: ARG002 -- there is one link
        """Queue the frame for the writer."""
        frame = Frame(hdlc_encode(bytes(packet.data), accm=self.link_info.send_accm), packet)
        idle = self._queue.put(frame)
        if idle is None:
            return Status.FAILURE
        # A busy writer looks at the queue by itself; but the card of early completion takes frames at any time.
        if idle or self.early_completion:
            self._to_write.set()
        return PENDING

    def query_information(self, oid: Oid) -> Any:
        """Tell the link's settings; NDIS knows the rest."""
        return self.link_info if oid == Oid.WAN_GET_LINK_INFO else NotImplemented

    def set_information(self, oid: Oid, value: Any) -> Any:
        """Take the link's settings, of which the control character maps are followed."""
        if oid != Oid.WAN_SET_LINK_INFO or not isinstance(value, LinkInfo):
            return NotImplemented
        self.link_info = value
        return Status.SUCCESS

    def reset(self) -> Status:
        """Abort every queued send; the peer is told to forget a frame that was begun."""
        status = self._queue.reset()
        self._to_write.set()
        return status

    def halt(self) -> None:
        """Stop both threads, give all packets back, close the port."""
        self._stopping = True
        self._to_write.set()
        self._to_read.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._queue.give_back(Status.CLOSING, close=True)
        self._to_write.close()
        self._to_read.close()
        self._port.close()

    # ── the writer ──

    def _write_frames(self) -> None:
        frame: Frame | None = None
        while True:
            self._to_write.clear()
            if self.early_completion:
                self._queue.complete_first(CARD_FRAMES)
            frame = self._queue.head(frame)
            if self._stopping or self._queue.closed:
                return
            if frame is None:
                self._port.wait(self._to_write)
                continue
            try:
                taken = self._port.write(memoryview(frame.octets)[frame.sent :])
            except OSError:
                # Sends fail at once from now on; the reader takes what is left to read, and the line down.
                self._queue.give_back(Status.FAILURE, close=True)
                self._to_read.set()
                return
            frame.sent += taken
            if frame.sent == len(frame.octets):
                self._queue.written(frame)
            elif not taken:
                self._port.wait(self._to_write, writable=True)

    # ── the reader ──

    def _read_frames(self) -> None:
        while not self._stopping:
            # Asked before reading: when the writer has found the peer gone, what came before that is still read.
            lost = self._queue.closed
            try:
                octets = self._port.read()
            except OSError:
                octets = b""
            if octets:
                self._indicate(octets)
            elif octets is not None or lost:
                break
            else:
                self._port.wait(self._to_read, readable=True)
        if not self._stopping:
            self._queue.give_back(Status.FAILURE, close=True)
            self._to_write.set()
            self.adapter.line_down(self._link)

    def _indicate(self, octets: bytes) -> None:
        self._decoder.accm = self.link_info.recv_accm
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
