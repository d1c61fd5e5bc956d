"""The protocol: it sends, and gets every packet back exactly once."""

# ruff: noqa: ARG002  (callbacks have NDIS's arguments, used or not)

from __future__ import annotations

from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan._native import Batch, Link, Packet


class Protocol:
    """A protocol driver, in the place of NDISWAN and what is above it; subclass it.

    The engine calls these methods, by default at DISPATCH (``Policy.callback_at_dispatch``).
    Sending again from inside of them is allowed. An exception is raised by the outermost call into
    the engine (``ndis.run()``, ``link.send()``, the end of the ``with`` block); nothing is lost.

    >>> class Peer(nw.Protocol):
    ...     def send_complete(self, packet, status):
    ...         print(bytes(packet.data), status.name)
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    b'hello' SUCCESS
    """

    # What only the interface of a sister contract has: the engine's names, and its own.
    _more: dict[str, str] = {}  # noqa: RUF012  (each class has one)

    def send_complete(self, packet: Packet, status: Status) -> None:
        """ProtocolSendComplete: the packet is the protocol's again, with its final status.

        Called for each send that was answered PENDING, and for no other. A packet that is not kept
        goes back to the pool when this returns.
        """

    def send_complete_many(self, batch: Batch) -> None:
        """ProtocolSendComplete for each packet of a batch: they are in the pool again, names are what is left.

        Not called unless a protocol writes it, and only for packets that it knows by name: frames of
        ``link.send_many`` and ``link.send``. One that writes :meth:`send_complete` too is called there for
        fewer than 48 packets at once, and for a packet that it sent as an object.
        """

    def receive(self, link: Link, data: bytes) -> Status | None:
        """A frame arrived; ``None`` or SUCCESS takes it, another status does not."""
        return Status.NOT_ACCEPTED

    def receive_complete(self, link: Link) -> None:
        """One or more receives are over."""

    def line_up(self, link: Link) -> None:
        """The link is up, or its speed, quality or window changed."""

    def line_down(self, link: Link) -> None:
        """The link is down: nothing can be sent on it."""

    def fragment(self, link: Link, errors: int) -> None:
        """A frame arrived damaged: bits of ``NDIS_MAC_FRAGMENT.Errors`` (CRC 1, FRAMING 2, …)."""

    def status(self, status: Status) -> None:
        """Another status: RESET_START, RESET_END."""

    def reset_complete(self, status: Status) -> None:
        """ProtocolResetComplete."""
