"""A protocol that keeps count: what is out, what came back, and that nothing comes back twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """

    def __init__(self) -> None:
        self.out: set[int] = set()
        self.back: list[tuple[Packet, Status]] = []
        self.sends = 0

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

    def send_complete(self, packet: Packet, status: Status) -> None:
        """One is back; AssertionError if it was not out."""
        number = packet.protocol_reserved[0]
        if number not in self.out:
            raise AssertionError(
                f"send {number} came back with {status}; expected one of those that are out: {sorted(self.out)}"
            )
        self.out.remove(number)
        self.back.append((packet, status))

    def receive(self, link: Link, data: bytes) -> Status:  # noqa: ARG002
        """Take every frame."""
        return Status.SUCCESS
