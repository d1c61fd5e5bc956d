"""The miniport: it transmits, and owes what it took."""

# ruff: noqa: ARG002  (entry points have NDIS's arguments, used or not)

from __future__ import annotations

from ndiswan.oid import WanInfo
from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from ndiswan._native import Adapter, Batch, Link, Packet
    from ndiswan.oid import Oid


class _NotBound:
    """``adapter`` until NDIS sets it, told.

    Not a ``__getattr__``: with one CPython looks up each attribute of a driver anew, which takes up to five times as
    long.
    """

    def __get__(self, miniport: Any, _: object = None) -> _NotBound:
        if miniport is None:
            return self
        raise AttributeError(
            f"{type(miniport).__name__!r} object has no attribute 'adapter' before it is bound: NDIS gives it just"
            " before it calls initialize, so use it there or later, not in __init__",
            name="adapter",
            obj=miniport,
        )


class InitializeError(RuntimeError):
    """A miniport did not come up: its MiniportInitialize failed, or MiniportRestart of NDIS 6 behind it.

    Attributes
    ----------
    status:
        What it answered.

    Examples
    --------
    >>> class Absent(nw.Miniport):
    ...     def initialize(self):
    ...         return nw.Status.ADAPTER_NOT_FOUND
    >>> with nw.Ndis() as ndis:
    ...     try:
    ...         link = ndis.bind(nw.Protocol(), Absent())
    ...     except nw.InitializeError as error:
    ...         print(error.status.name)
    ADAPTER_NOT_FOUND
    """

    def __init__(self, text: str, status: Status = Status.FAILURE) -> None:
        super().__init__(text)
        self.status = status


class Miniport:
    """A WAN miniport driver; subclass it and write at least :meth:`wan_send`.

    An exception in an entry point gives the packet of that call back with FAILURE, and is raised
    by the outermost call into the engine.

    Attributes
    ----------
    info:
        What OID_WAN_GET_INFO answers; set it on the class or before binding.
    serialized:
        True: NDIS calls one entry point at a time, and the driver completes at DISPATCH exactly.
        False: entry points are concurrent, and the driver completes at DISPATCH or below.
    check_for_hang_seconds:
        The interval of :meth:`check_for_hang`; a serialized send is late after twice that.
    line_up_at_bind:
        Whether NDIS brings a first line up when :meth:`initialize` did not.
    adapter:
        The handle to call NDIS with (MiniportAdapterHandle), set before :meth:`initialize`.

    Examples
    --------
    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> with nw.Ndis() as ndis:
    ...     ndis.bind(nw.Protocol(), Instant()).send(b"hello").name
    'SUCCESS'
    """

    info: WanInfo = WanInfo()
    serialized: bool = True
    check_for_hang_seconds: float = 2.0
    line_up_at_bind: bool = True
    if TYPE_CHECKING:
        adapter: Adapter
    else:
        adapter = _NotBound()

    # Of which contract, and what only its interface has: the engine's names, and its own.
    _face = "wan"
    _more: dict[str, str] = {}  # noqa: RUF012  (each class has one)

    def initialize(self) -> Status | None:
        """MiniportInitialize, at PASSIVE; another status than SUCCESS fails the bind."""
        return None

    def wan_send(self, link: Link, packet: Packet) -> Status:
        """MiniportWanSend: the packet is the miniport's until it is completed.

        Return PENDING and owe one ``self.adapter.wan_send_complete(packet, status)``, or return a
        final status and do not touch the packet again.
        """
        raise TypeError(
            f"{type(self).__name__} has no wan_send; a miniport needs one: "
            "def wan_send(self, link, packet): ... return nw.PENDING"
        )

    def wan_send_many(
        self, link: Link, batch: Batch
    ) -> Status | NDArray[np.uint32] | Sequence[int]:
        """MiniportWanSend for each packet of a batch, which are the miniport's until they are completed.

        Not called unless a driver writes it. One that writes :meth:`wan_send` too is called there for
        fewer than 48 packets at once. Return one status for all, PENDING for example, or one for each (an
        array of uint32); owe ``self.adapter.wan_send_complete_many(batch.handles, statuses)`` for
        those that are PENDING.
        """
        raise TypeError(
            f"{type(self).__name__} has no wan_send_many; a miniport that is called with batches needs one: "
            "def wan_send_many(self, link, batch): ... return nw.PENDING"
        )

    def halt(self) -> None:
        """MiniportHalt, at PASSIVE: complete what is owed, cancel timers, end threads."""

    def reset(self) -> Status | tuple[Status, bool]:
        """MiniportReset, at DISPATCH: PENDING owes an ``adapter.reset_complete(status)``; None is SUCCESS.

        A deserialized miniport completes what it has with REQUEST_ABORTED before the reset ends.
        """
        return Status.SUCCESS

    def check_for_hang(self) -> bool:
        """MiniportCheckForHang, at DISPATCH: True makes NDIS reset the adapter."""
        return False

    def query_information(self, oid: Oid) -> Any:
        """MiniportQueryInformation: a value, a status, or NotImplemented to let NDIS answer.

        Not PENDING, which is an error: completing a request later is not there yet.
        """
        return NotImplemented

    def set_information(self, oid: Oid, value: Any) -> Any:
        """MiniportSetInformation: a status, or NotImplemented to let NDIS keep the value.

        Not PENDING, which is an error: completing a request later is not there yet.
        """
        return NotImplemented

    def isr(self) -> bool:
        """MiniportISR, at DIRQL: whether the interrupt is the card's own."""
        return True

    def handle_interrupt(self) -> None:
        """MiniportHandleInterrupt, at DISPATCH."""

    def shutdown(self) -> None:
        """MiniportShutdown, once: the machine goes down, no call to NDIS can be relied on, no send comes any more."""
