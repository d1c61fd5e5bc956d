"""NDIS 5 CoNDIS: the sister contract of connection-oriented miniports, on the same engine.

A send belongs to a virtual connection (VC), which is a :class:`ndiswan.Link` here. ``MiniportCoSendPackets``
returns nothing, so every send ends by ``NdisMCoSendComplete``. The window is that of WAN_CO_LINKPARAMS, where 0
closes it (DDK:"NdisMCoSendComplete", "WAN_CO_LINKPARAMS").

In the examples below ``Card`` and ``Client`` are these:

>>> from ndiswan import condis
>>> class Card(condis.Miniport):
...     def co_send_packets(self, vc, packets):
...         for packet in packets:
...             self.adapter.co_send_complete(nw.SUCCESS, vc, packet)
>>> class Client(condis.Protocol):
...     def co_send_complete(self, status, vc, packet):
...         print(status.name)
"""

# ruff: noqa: ARG002  (entry points have NDIS's arguments, used or not)

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003  (Sphinx reads these)
from typing import Any

from ndiswan._native import Adapter as _Adapter
from ndiswan._native import Batch, Link, Packet, co_complete
from ndiswan._twins import Faced, TwinMiniport, cancel_sends, packets_of, send_all, void
from ndiswan.protocol import Protocol as _Protocol
from ndiswan.status import Status

__all__ = ["Adapter", "Miniport", "Protocol", "cancel_send_packets", "co_send_packets"]


class Adapter(Faced, _Adapter):
    """What a CoNDIS miniport calls NDIS with.

    >>> with nw.Ndis() as ndis:
    ...     miniport = Card()
    ...     first = ndis.bind(Client(), miniport)
    ...     vc = miniport.adapter.activate_vc(send_window=2)
    ...     status = vc.send(b"frame")
    SUCCESS
    """

    _completes = "co_send_complete"

    def co_send_complete(self, status: Status, vc: Link, packet: Packet) -> None:
        """Give a packet of this VC back with its final status (NdisMCoSendComplete; mind the order).

        Raises as ``wan_send_complete`` does, ``AccessViolation`` (HANDLE) for another VC than the packet was sent
        on, and FACE if the miniport has another interface; the packet goes home all the same.
        """
        co_complete(self, status, vc, packet)

    def activate_vc(self, *, send_window: int, speed: int = 64_000) -> Link:
        """Create and activate a VC with this SendWindow; gives it. Raises as ``line_up``."""
        return self.line_up(speed=speed, window=send_window)

    def link_parameters(self, vc: Link, *, send_window: int, speed: int = 64_000) -> None:
        """Change a VC's SendWindow (NDIS_STATUS_WAN_CO_LINKPARAMS), 0 closes it. Raises as ``line_up``."""
        self.line_up(vc, speed=speed, window=send_window)

    def deactivate_vc(self, vc: Link) -> None:
        """Deactivate a VC: what is owed stays owed, nothing more is sent; ``vc.close()`` deletes it."""
        self.line_down(vc)


class Miniport(TwinMiniport):
    """A CoNDIS miniport driver; subclass it and write at least :meth:`co_send_packets`.

    The attributes are those of ``ndiswan.Miniport``. It is deserialized. Binding creates and activates a first VC whose
    window is ``info.max_transmit``, unless ``line_up_at_bind`` is False; :class:`Adapter` makes others.

    >>> with nw.Ndis() as ndis:
    ...     ndis.bind(Client(), Card()).send(b"frame").name
    SUCCESS
    'PENDING'
    """

    serialized = False
    adapter: Adapter
    _face = "condis"
    _adapter_class = Adapter
    _more = {"cancel_send": "cancel_send_packets"}  # noqa: RUF012

    def co_send_packets(self, vc: Link, packets: list[Packet]) -> None:
        """MiniportCoSendPackets: an array of one VC, all of which are the miniport's.

        Owe one ``self.adapter.co_send_complete(status, vc, packet)`` for each, in any order, inside of this call
        or later. Return nothing: a final status by return breaks SYNC.
        """
        raise TypeError(
            f"{type(self).__name__} has no co_send_packets; a CoNDIS miniport needs one: "
            "def co_send_packets(self, vc, packets): ..."
        )

    def cancel_send_packets(self, cancel_id: int) -> None:
        """MiniportCancelSendPackets (5.1): complete with REQUEST_ABORTED what is queued with this ``cancel_id``."""

    def wan_send(self, link: Link, packet: Packet) -> Any:
        """The engine's hook; write :meth:`co_send_packets`."""
        return void(lambda packets: self.co_send_packets(link, packets), [packet], Status.PENDING)

    def wan_send_many(self, link: Link, batch: Batch) -> Any:
        """The engine's hook; write :meth:`co_send_packets`."""
        packets = packets_of(batch)
        return void(lambda packets: self.co_send_packets(link, packets), packets, Status.PENDING)


class Protocol(_Protocol):
    """A CoNDIS client; subclass it and write :meth:`co_send_complete`.

    >>> with nw.Ndis() as ndis:
    ...     status = ndis.bind(Client(), Card()).send(b"frame")
    SUCCESS
    """

    def co_send_complete(self, status: Status, vc: Link, packet: Packet) -> None:
        """ProtocolCoSendComplete: the packet is the protocol's again, with its final status."""

    def send_complete(self, packet: Packet, status: Status) -> None:
        """The engine's hook; write :meth:`co_send_complete`."""
        vc = packet.link
        if vc is not None:
            self.co_send_complete(status, vc, packet)


def co_send_packets(vc: Link, frames: Iterable[bytes | Packet]) -> Batch:
    """Send frames on a VC as one array (NdisCoSendPackets); gives names. Raises as ``link.send_many``.

    A frame is bytes, or what ``vc.packet`` made, with a ``cancel_id`` of its own.

    >>> with nw.Ndis() as ndis:
    ...     vc = ndis.bind(Client(), Card())
    ...     len(condis.co_send_packets(vc, [b"one", b"two"]))
    SUCCESS
    SUCCESS
    2
    """
    return send_all(vc, frames)


def cancel_send_packets(vc: Link, cancel_id: int) -> None:
    """Cancel the sends whose ``packet.cancel_id`` this is, at DISPATCH or below; as ``lan.cancel_send_packets``.

    >>> with nw.Ndis() as ndis:
    ...     vc = ndis.bind(Client(), Card())
    ...     packet = vc.packet(b"frame")
    ...     packet.cancel_id = 7
    ...     status = vc.send(packet)
    ...     condis.cancel_send_packets(vc, 7)  # it is back already
    SUCCESS
    """
    cancel_sends(vc, cancel_id)
