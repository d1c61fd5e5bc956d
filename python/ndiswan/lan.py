"""NDIS 5 LAN: the sister contract of miniports for a LAN, on the same engine.

``MiniportSend`` returns a status, or ``MiniportSendPackets`` takes an array; ``NdisMSendComplete`` ends a send. A
serialized miniport that is full answers RESOURCES, and NDIS sends the packet again later. The porting guide says what
differs from WAN (DDK:"NdisMSendComplete", "Serialized NDIS Miniport Drivers", "Deserialized NDIS Miniport Drivers").

In the examples below ``Card`` and ``Peer`` are these:

>>> from ndiswan import lan
>>> class Card(lan.Miniport):
...     def send(self, packet, flags):
...         self.adapter.send_complete(packet, nw.SUCCESS)
...         return nw.PENDING
>>> class Peer(lan.Protocol):
...     def send_complete(self, packet, status):
...         print(status.name)
"""

# ruff: noqa: ARG002  (entry points have NDIS's arguments, used or not)

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003  (Sphinx reads these)
from typing import Any

from ndiswan._native import Adapter as _Adapter
from ndiswan._native import Batch, Link, Packet, complete_by, oob_status
from ndiswan._twins import Faced, TwinMiniport, cancel_sends, packets_of, send_all, void
from ndiswan.protocol import Protocol
from ndiswan.status import Status

__all__ = ["Adapter", "Miniport", "Protocol", "cancel_send_packets", "send_packets"]


class Adapter(Faced, _Adapter):
    """What a LAN miniport calls NDIS with.

    >>> with nw.Ndis() as ndis:
    ...     status = ndis.bind(Peer(), Card()).send(b"frame")
    SUCCESS
    """

    _completes = "send_complete"

    def send_complete(self, packet: Packet, status: Status = Status.SUCCESS) -> None:
        """Give a packet back to the protocol with its final status (NdisMSendComplete).

        As ``wan_send_complete`` in all: once, with no spin lock held, at DISPATCH if the miniport is serialized.
        NDIS sends again what it keeps since a ``RESOURCES``. Raises as that does, and ``AccessViolation`` (FACE)
        if the miniport has another interface.
        """
        complete_by(self, "lan", packet, status)


class Miniport(TwinMiniport):
    """A LAN miniport driver; subclass it and write :meth:`send`, or :meth:`send_packets`, or both.

    With both NDIS calls :meth:`send_packets`, as it does. The attributes are those of ``ndiswan.Miniport``; there is
    no window: up to all packets of the pool are with the miniport, which answers RESOURCES or queues them itself.

    >>> with nw.Ndis() as ndis:
    ...     ndis.bind(Peer(), Card()).send(b"frame").name
    SUCCESS
    'PENDING'
    """

    adapter: Adapter
    _face = "lan"
    _adapter_class = Adapter
    _more = {"cancel_send": "cancel_send_packets"}  # noqa: RUF012

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Have arrays come as arrays, whichever of the classes takes them."""
        super().__init_subclass__(**keywords)
        if cls.send_packets is not Miniport.send_packets:
            cls.wan_send = Miniport._send_array  # type: ignore[method-assign]
            cls.wan_send_many = Miniport._send_batch  # type: ignore[assignment]

    def send(self, packet: Packet, flags: int) -> Status:
        """MiniportSend: the packet is the miniport's until it is completed.

        Return PENDING and owe one ``self.adapter.send_complete(packet, status)``. Serialized: or return a final
        status and do not touch the packet again, or RESOURCES, and NDIS sends it again after a completion or
        ``self.adapter.send_resources_available()``. Deserialized: PENDING always; a final status breaks SYNC,
        RESOURCES is a failed send and breaks STATUS_RESOURCES.
        """
        raise TypeError(
            f"{type(self).__name__} has neither send nor send_packets; a LAN miniport needs one: "
            "def send(self, packet, flags): ... return nw.PENDING"
        )

    def send_packets(self, packets: list[Packet]) -> None:
        """MiniportSendPackets: an array, all of which are the miniport's.

        Serialized: set ``packet.status`` of each to PENDING (which it is at first), a final status, or RESOURCES:
        that one and all behind it are sent again. Deserialized: complete each by ``send_complete``; their statuses
        are not looked at.
        """

    def cancel_send_packets(self, cancel_id: int) -> None:
        """MiniportCancelSendPackets (5.1): complete with REQUEST_ABORTED what is queued with this ``cancel_id``."""

    def wan_send(self, link: Link, packet: Packet) -> Status:
        """The engine's hook; write :meth:`send`."""
        return self.send(packet, 0)

    def _send_array(self, link: Link, packet: Packet) -> Any:
        answer = self._array([packet])
        return answer[0] if isinstance(answer, list) else answer

    def _send_batch(self, link: Link, batch: Batch) -> Any:
        return self._array(packets_of(batch))

    def _array(self, packets: list[Packet]) -> Any:
        answer = void(self.send_packets, packets, Status.PENDING)
        if answer is not Status.PENDING or not self.adapter.serialized:
            return answer
        return [oob_status(packet) for packet in packets]


def send_packets(link: Link, frames: Iterable[bytes | Packet]) -> Batch:
    """Send frames as one array (NdisSendPackets); gives names, and in ``statuses`` how each was answered.

    A frame is bytes, or what ``link.packet`` made, with a ``cancel_id`` of its own. A miniport without
    ``send_packets`` gets them one by one. Raises as ``link.send_many``; of packets none is sent if the pool has
    too few for the others.

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), Card())
    ...     len(lan.send_packets(link, [b"one", b"two"]))
    SUCCESS
    SUCCESS
    2
    """
    return send_all(link, frames)


def cancel_send_packets(link: Link, cancel_id: int) -> None:
    """Cancel the sends whose ``packet.cancel_id`` this is (NdisCancelSendPackets), at DISPATCH or below.

    What NDIS has queued itself comes back with REQUEST_ABORTED; for the rest the miniport is asked. Raises
    ``IrqlViolation`` (IRQL_SEND), ``FlowViolation`` (SERIAL: from inside of a serialized miniport).

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), Card())
    ...     packet = link.packet(b"frame")
    ...     packet.cancel_id = 7
    ...     status = link.send(packet)
    ...     lan.cancel_send_packets(link, 7)  # it is back already
    SUCCESS
    """
    cancel_sends(link, cancel_id)
