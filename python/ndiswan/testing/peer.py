"""A protocol that keeps count: what is out, what came back, and that nothing comes back twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan._twins import send_all
from ndiswan.protocol import Protocol
from ndiswan.status import Status

if TYPE_CHECKING:
    from ndiswan._native import Link, Packet


class Peer(Protocol):
    """Sends packets, and keeps those that come back until they are taken.

    Attributes
    ----------
    out:
        The numbers of the sends that have not come back.
    back:
        The packets that have, with their statuses.
    together:
        How many of those that were sent together, and have no numbers, have not come back.
    """

    def __init__(self) -> None:
        self.out: set[int] = set()
        self.back: list[tuple[Packet, Status]] = []
        self.sends = self.together = 0

    def send(self, link: Link, packet: Packet) -> Status:
        """Send a packet that is the protocol's; one that is answered at once is back."""
        self.sends += 1
        number = self.sends
        packet.protocol_reserved[0] = number
        self.out.add(number)
        status: Status | None = None
        try:
            status = link.send(packet)
        finally:
            # What raises has not sent it, or it has come back meanwhile.
            if status is not Status.PENDING:
                self.out.discard(number)
        if status is not Status.PENDING:
            self.back.append((packet, status))
        return status

    def send_together(self, link: Link, frames: list[bytes]) -> None:
        """Send frames as one array or chain."""
        self.together += len(frames)
        done = 0
        try:
            statuses = send_all(link, frames).statuses
            done = sum(status != Status.PENDING for status in statuses)
        finally:
            self.together -= done

    @property
    def missed(self) -> int:
        """How many sends have not come back."""
        return len(self.out) + self.together

    def send_complete(self, packet: Packet, status: Status) -> None:
        """One is back; AssertionError if it was not out."""
        number = packet.protocol_reserved[0]
        if number not in self.out and self.together:
            self.together -= 1
            self.back.append((packet, status))
            return
        if number not in self.out:
            raise AssertionError(
                f"send {number} came back with {status}; expected one of those that are out: {sorted(self.out)}"
            )
        self.out.remove(number)
        self.back.append((packet, status))

    def receive(self, link: Link, data: bytes) -> Status:  # noqa: ARG002
        """Take every frame."""
        return Status.SUCCESS
