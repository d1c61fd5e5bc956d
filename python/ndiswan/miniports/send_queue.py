"""The frames that a miniport still has to write, and the packets that it owes for them.

Whoever takes a packet off the queue completes it: it is taken under the spin lock and completed after releasing it.
That alone keeps "exactly once" between a writer, a reset, a halt and a peer that vanishes.

A reset may end only when nothing that was sent before it is still to be completed, and another thread may just be doing
that. So packets that were taken are counted until they are complete; if a reset finds some, it is PENDING, and who
completes the last of them ends it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndiswan import PENDING, Irql, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndiswan import Adapter, Packet

__all__ = ["Frame", "SendQueue"]

# An escape that a flag follows at once: the receiver forgets the frame that it was in (RFC 1662, 4.3).
ESCAPE, FLAG = b"\x7d", b"\x7e"


@dataclass(slots=True, eq=False)
class Frame:
    """A stuffed frame on its way out; `packet` is what is still owed for it, `sent` the octets that are written."""

    octets: bytes
    packet: Packet | None
    sent: int = 0

    def abort(self) -> Frame | None:
        """What has to follow the part of this frame that is on the line if the rest will not; None if no part is."""
        if not 0 < self.sent < len(self.octets):
            return None
        escaping = self.octets[self.sent - 1 : self.sent] == ESCAPE
        return Frame(FLAG if escaping else ESCAPE + FLAG, None)


class SendQueue:
    """First in, first out; only its writer writes, anybody may give all back. Closed, it takes no frames any more."""

    def __init__(self, adapter: Adapter) -> None:
        self.closed = False
        self._adapter = adapter
        self._lock = adapter.spin_lock("send queue")
        self._frames: deque[Frame] = deque()
        self._taken = 0
        self._resetting = self._reset_pending = False

    def put(self, frame: Frame) -> bool | None:
        """Queue a frame; whether the queue was empty, None if the frame is not taken."""
        with self._lock:
            if self.closed or self._resetting:
                return None
            self._frames.append(frame)
            return len(self._frames) == 1

    def head(self, last: Frame | None) -> Frame | None:
        """The frame to be written; if `last` was taken away while half of it was on the line, an abort goes first."""
        with self._lock:
            if last is not None and not (self._frames and self._frames[0] is last):
                abort = last.abort()
                if abort is not None:
                    self._frames.appendleft(abort)
            return self._frames[0] if self._frames else None

    def written(self, frame: Frame) -> None:
        """The last octet of the head is written: complete it, unless it was given back meanwhile."""
        packets: list[Packet] = []
        with self._lock:
            if self._frames and self._frames[0] is frame:
                self._frames.popleft()
                packets = self._take([frame])
        self._complete(packets, Status.SUCCESS)

    def complete_first(self, room: int) -> None:
        """Complete the first `room` frames, which stay to be written. What sends again waits for the next call."""
        with self._lock:
            # Frames are completed from the head on: what came since is at the tail.
            owed = [frame for frame in self._frames if frame.packet is not None]
            packets = self._take(owed[: max(0, room - (len(self._frames) - len(owed)))])
        self._complete(packets, Status.SUCCESS)

    def give_back(self, status: Status, *, close: bool = False) -> None:
        """Complete everything with `status` and write none of it."""
        with self._lock:
            self.closed = self.closed or close
            packets = self._take(self._frames)
            self._frames.clear()
        self._complete(packets, status)

    def reset(self) -> Status:
        """Abort everything: the answer for MiniportReset."""
        with self._lock:
            self._resetting = True
        self.give_back(Status.REQUEST_ABORTED)
        with self._lock:
            self._reset_pending = self._resetting = self._taken > 0
        return PENDING if self._reset_pending else Status.SUCCESS

    def _take(self, frames: Iterable[Frame]) -> list[Packet]:
        packets = []
        for frame in frames:
            if frame.packet is not None:
                packets.append(frame.packet)
                frame.packet = None
        self._taken += len(packets)
        return packets

    def _complete(self, packets: list[Packet], status: Status) -> None:
        if not packets:
            return
        try:
            for packet in packets:
                self._adapter.wan_send_complete(packet, status)
        finally:
            with self._lock:
                self._taken -= len(packets)
                ended = self._reset_pending and not self._taken
                if ended:
                    self._reset_pending = self._resetting = False
        if ended:
            level = self._adapter.raise_irql(Irql.DISPATCH)
            self._adapter.reset_complete(Status.SUCCESS)
            self._adapter.lower_irql(level)
