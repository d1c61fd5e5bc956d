"""NDIS 6: the sister contract with chains of net buffer lists, pause and restart, on the same engine.

A chain is a list of :class:`ndiswan.Packet`, each a NET_BUFFER_LIST with a ``status``, a ``cancel_id`` and
``net_buffers`` of its own: one, unless :func:`net_buffer_list` made it. A miniport is deserialized, owes a completion
for each list, and is paused before it is halted (ddi:nc-ndis-miniport_send_net_buffer_lists,
nf-ndis-ndismsendnetbufferlistscomplete, nc-ndis-miniport_pause).

In the examples below ``Card`` and ``Peer`` are these:

>>> from ndiswan import ndis6
>>> class Card(ndis6.Miniport):
...     def send_net_buffer_lists(self, nbls, flags):
...         self.adapter.send_net_buffer_lists_complete(nbls, flags)
>>> class Peer(ndis6.Protocol):
...     def send_net_buffer_lists_complete(self, nbls, flags):
...         print([nbl.status.name for nbl in nbls])
"""

# ruff: noqa: ARG002  (entry points have NDIS's arguments, used or not)

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003  (Sphinx reads these)
from typing import Any

from ndiswan._native import Adapter as _Adapter
from ndiswan._native import Batch, Link, Packet, change_life, complete_all
from ndiswan._native import net_buffer_list as _net_buffer_list
from ndiswan._twins import Faced, TwinMiniport, adapter_of, cancel_sends, packets_of, send_all, void
from ndiswan.irql import Irql
from ndiswan.protocol import Protocol as _Protocol
from ndiswan.status import Status

__all__ = [
    "DISPATCH_LEVEL",
    "Adapter",
    "Miniport",
    "Protocol",
    "cancel_send_net_buffer_lists",
    "net_buffer_list",
    "pause",
    "restart",
    "send_net_buffer_lists",
]

DISPATCH_LEVEL = 1
"""NDIS_SEND_FLAGS_DISPATCH_LEVEL, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL: who calls is at DISPATCH_LEVEL."""


class Adapter(Faced, _Adapter):
    """What an NDIS 6 miniport calls NDIS with.

    >>> with nw.Ndis() as ndis:
    ...     status = ndis.bind(Peer(), Card()).send(b"frame")
    ['SUCCESS']
    """

    _completes = "send_net_buffer_lists_complete"

    def send_net_buffer_lists_complete(self, nbls: Iterable[Packet], flags: int) -> None:
        """Give net buffer lists back, each with its ``status`` (NdisMSendNetBufferListsComplete).

        In any order, chains split or merged, inside of the send function or later; at DISPATCH or below. ``flags`` is
        ``DISPATCH_LEVEL`` at DISPATCH and 0 below. The status is SUCCESS unless it was set, and one of SUCCESS,
        INVALID_LENGTH, RESOURCES, PAUSED, SEND_ABORTED, RESET_IN_PROGRESS, FAILURE.

        Raises what ``wan_send_complete`` raises, when all are back; ``StatusViolation`` (STATUS_LIST),
        ``LifeCycleViolation`` (CANCEL: SEND_ABORTED without a cancel), ``IrqlViolation`` (IRQL_FLAG),
        ``AccessViolation`` (FACE).
        """
        complete_all(self, nbls, flags)

    def pause_complete(self) -> None:
        """End a pause that was answered PENDING (NdisMPauseComplete).

        Raises ``LifeCycleViolation`` (PAUSE) if none is pending or a send is still owed: it goes back with PAUSED then.
        """
        change_life(self, "pause complete")

    def restart_complete(self, status: Status = Status.SUCCESS) -> None:
        """End a restart that was answered PENDING (NdisMRestartComplete): SUCCESS, or what went wrong.

        Raises ``LifeCycleViolation`` (PAUSE) if none is pending, or for PENDING.
        """
        change_life(self, "restart complete", status)


class Miniport(TwinMiniport):
    """An NDIS 6 miniport driver; subclass it and write at least :meth:`send_net_buffer_lists`.

    The attributes are those of ``ndiswan.Miniport``. It is deserialized, and queues everything itself: NDIS keeps
    no window.

    >>> with nw.Ndis() as ndis:
    ...     ndis.bind(Peer(), Card()).send(b"frame").name
    ['SUCCESS']
    'PENDING'
    """

    serialized = False
    adapter: Adapter
    _face = "ndis6"
    _adapter_class = Adapter
    _more = {"cancel_send": "cancel_send", "pause": "pause", "restart": "restart"}  # noqa: RUF012

    def send_net_buffer_lists(self, nbls: list[Packet], flags: int) -> None:
        """MiniportSendNetBufferLists: a chain, all of which is the miniport's.

        Owe a ``self.adapter.send_net_buffer_lists_complete([nbl, ...], flags)`` for each list. ``flags`` has
        ``DISPATCH_LEVEL`` if the call is at DISPATCH. Each of ``nbl.net_buffers`` is a frame for the line; the list is
        completed once, when all are out. Return nothing: a final status by return breaks SYNC.
        """
        raise TypeError(
            f"{type(self).__name__} has no send_net_buffer_lists; an NDIS 6 miniport needs one: "
            "def send_net_buffer_lists(self, nbls, flags): ..."
        )

    def pause(self) -> Status | None:
        """MiniportPause, at PASSIVE: complete what is queued with PAUSED; NDIS sends nothing more.

        Return SUCCESS (or nothing) if no send is owed, else PENDING and owe one ``self.adapter.pause_complete()``.
        """
        return None

    def restart(self) -> Status | None:
        """MiniportRestart, at PASSIVE, after initialize or a pause; another status than SUCCESS leaves it paused.

        PENDING owes one ``self.adapter.restart_complete(status)`` within ten seconds.
        """
        return None

    def cancel_send(self, cancel_id: int) -> None:
        """MiniportCancelSend: complete what is queued with this ``nbl.cancel_id``, with SEND_ABORTED."""

    def wan_send(self, link: Link, packet: Packet) -> Any:
        """The engine's hook; write :meth:`send_net_buffer_lists`."""
        return self._chain([packet])

    def wan_send_many(self, link: Link, batch: Batch) -> Any:
        """The engine's hook; write :meth:`send_net_buffer_lists`."""
        return self._chain(packets_of(batch))

    def _chain(self, nbls: list[Packet]) -> Any:
        flags = DISPATCH_LEVEL if self.adapter.irql == Irql.DISPATCH else 0
        return void(lambda nbls: self.send_net_buffer_lists(nbls, flags), nbls, Status.SUCCESS)


class Protocol(_Protocol):
    """An NDIS 6 protocol driver; subclass it and write :meth:`send_net_buffer_lists_complete`.

    >>> with nw.Ndis() as ndis:
    ...     status = ndis.bind(Peer(), Card()).send(b"frame")
    ['SUCCESS']
    """

    _more = {"send_complete_chain": "send_net_buffer_lists_complete"}  # noqa: RUF012

    def send_net_buffer_lists_complete(self, nbls: list[Packet], flags: int) -> None:
        """ProtocolSendNetBufferListsComplete: lists are the protocol's again, each with its ``status``.

        They are what one call of the miniport completed, whichever sends they came by; with queued delivery, what has
        come since the last one. What breaks a rule, or is taken back by NDIS, comes by itself. ``flags`` has
        ``DISPATCH_LEVEL`` if the call is at DISPATCH: it is at the level of the miniport's.
        """


def net_buffer_list(link: Link, frames: Iterable[bytes], *, cancel_id: int | None = None) -> Packet:
    """A list with a NET_BUFFER for each of these frames, owned by the protocol; dropping it frees it.

    Together they have the room that one frame has, ``max_frame_size`` + 32 bytes. A recording has their lengths, a
    capture each as a frame. Raises as ``link.packet``, ``ValueError`` if one is empty.

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), Card())
    ...     both = ndis6.net_buffer_list(link, [b"one", b"three"], cancel_id=7)
    ...     print([bytes(one) for one in both.net_buffers])
    ...     batch = ndis6.send_net_buffer_lists(link, [both, b"alone"])
    [b'one', b'three']
    ['SUCCESS', 'SUCCESS']
    """
    nbl = _net_buffer_list(link, frames)
    if cancel_id is not None:
        nbl.cancel_id = cancel_id
    return nbl


def send_net_buffer_lists(link: Link, frames: Iterable[bytes | Packet]) -> Batch:
    """Send lists as one chain (NdisSendNetBufferLists); gives names.

    Of bytes a list is made; else it is what :func:`net_buffer_list` or ``link.packet`` made, with a ``cancel_id`` of
    its own. ``statuses`` has PAUSED for what a paused miniport does not get. Raises as ``link.send_many``; of lists
    none is sent if the pool has too few for the others.

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), Card())
    ...     len(ndis6.send_net_buffer_lists(link, [b"one", b"two"]))
    ['SUCCESS', 'SUCCESS']
    2
    """
    return send_all(link, frames)


def cancel_send_net_buffer_lists(link: Link, cancel_id: int) -> None:
    """Cancel the sends whose ``nbl.cancel_id`` this is (NdisCancelSendNetBufferLists), at DISPATCH or below.

    Raises ``IrqlViolation`` (IRQL_SEND) above DISPATCH.

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), Card())
    ...     nbl = link.packet(b"frame")
    ...     nbl.cancel_id = 7
    ...     status = link.send(nbl)
    ...     ndis6.cancel_send_net_buffer_lists(link, 7)  # it is back already
    ['SUCCESS']
    """
    cancel_sends(link, cancel_id)


def pause(link: Link) -> Status:
    """Have NDIS pause the miniport: SUCCESS, PENDING if it ends later, INVALID_STATE for one that does not run.

    New sends are answered with PAUSED until :func:`restart`. Raises ``LifeCycleViolation`` (PAUSE: it still owes
    sends, or returned another status), ``FlowViolation`` (SERIAL: from inside of a callback).

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), Card())
    ...     ndis6.pause(link).name, link.send(b"frame").name
    ('SUCCESS', 'PAUSED')
    """
    return change_life(adapter_of(link), "pause")


def restart(link: Link) -> Status:
    """Have NDIS restart a paused miniport; gives what MiniportRestart answered, INVALID_STATE if it is not paused.

    PENDING: it runs when the driver calls ``restart_complete``.

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(Peer(), Card())
    ...     status = ndis6.pause(link)
    ...     ndis6.restart(link).name
    'SUCCESS'
    """
    return change_life(adapter_of(link), "restart")
