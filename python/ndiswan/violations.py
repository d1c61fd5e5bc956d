"""Broken rules as exceptions: one class a family, all of them assertion errors."""

from __future__ import annotations

from ndiswan.shown import Shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndiswan._native import Event
    from ndiswan.irql import Irql


class ContractWarning(UserWarning):
    """A rule that only warns was broken; the text is the report.

    >>> import warnings
    >>> class Odd(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.Status(0xDEADBEEF)
    >>> with warnings.catch_warnings(record=True) as caught, nw.Ndis() as ndis:
    ...     warnings.simplefilter("always")
    ...     status = ndis.bind(nw.Protocol(), Odd()).send(b"hello")
    >>> print(str(caught[0].message).splitlines()[0])
    STATUS_UNKNOWN: 0xDEADBEEF (not a published NDIS_STATUS) is no published NDIS_STATUS; the number is passed on
    """


def _warn(report: str) -> None:
    """Warn at the line of the user's that called the engine."""
    import sys
    import warnings

    package = __file__.rpartition("/")[0]
    frame, level = sys._getframe(1), 2  # noqa: SLF001  # the documented way to the caller
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        frame, level = frame.f_back, level + 1
    warnings.warn(report, ContractWarning, level)


class ContractViolation(Shown, AssertionError):  # noqa: N818  (it is the driver's error)
    """A rule of the send/complete contract was broken.

    Attributes
    ----------
    rule:
        The rule's id, for instance ``"DOUBLE"``; ``ndiswan explain DOUBLE`` says more.
    detail:
        What was expected and what came.
    adapter, packet:
        The names of the adapter and of the packet (None if it is not about one).
    history:
        The packet's last events, oldest first.
    irql, locks, inside, cpu:
        The level, the spin locks held, the entry points on the stack and the number of the CPU.
    time_ns:
        When, in nanoseconds of the Ndis's clock.
    warning:
        Whether it only warns.
    site:
        The line of the driver's call that broke it, under an explorer and at ``verify=4``; else None.
    sentence, page, source, remedy:
        What must hold, what the page says, where it says so, and what to do.

    Examples
    --------
    >>> class Owing(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         self.owed = packet
    ...         return nw.PENDING
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         link = ndis.bind(nw.Protocol(), Owing())
    ...         status = link.send(b"lost")
    ... except nw.ContractViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    LOST - packet 0.0 (life 1) was owed and can never be completed: MiniportHalt returned and it was still owed
    """

    def __init__(  # noqa: PLR0913  (one argument a field)
        self,
        report: str,
        *,
        rule: str,
        detail: str,
        adapter: str,
        packet: str | None,
        history: list[Event],
        irql: Irql,
        locks: list[str],
        inside: list[str],
        cpu: int,
        time_ns: int,
        warning: bool,
        site: str | None,
        sentence: str,
        page: str,
        source: str,
        remedy: str,
    ) -> None:
        super().__init__(report)
        self.rule = rule
        self.detail = detail
        self.adapter = adapter
        self.packet = packet
        self.history = history
        self.irql = irql
        self.locks = locks
        self.inside = inside
        self.cpu = cpu
        self.time_ns = time_ns
        self.warning = warning
        self.site = site
        self.sentence = sentence
        self.page = page
        self.source = source
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is remade from its arguments, and these are not all of it.
        return _remake, (type(self), self.args, vars(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.rule}: {self.detail}>"


def _remake(
    kind: type[ContractViolation], args: tuple[Any, ...], fields: dict[str, Any]
) -> ContractViolation:
    """The violation that was copied, or sent by another process."""
    violation = kind.__new__(kind, *args)
    vars(violation).update(fields)
    return violation


class OwnershipViolation(ContractViolation):
    """DOUBLE, LOST, FOREIGN, STALE, EARLY: who owes, and who owns, a packet.

    >>> class Twice(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         self.adapter.wan_send_complete(packet, nw.SUCCESS)
    ...         return nw.SUCCESS
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         ndis.bind(nw.Protocol(), Twice()).send(b"hello")
    ... except nw.OwnershipViolation as violation:
    ...     print(violation.rule, "-", violation.sentence)
    EARLY - If a packet is completed before `wan_send` has returned, `wan_send` returns `PENDING`.
    """


class AccessViolation(ContractViolation):
    """TOUCH, RESERVED, PADDING, HANDLE, FACE: something was used that is not one's own.

    >>> class Owing(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         self.owed = packet
    ...         return nw.PENDING
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         link = ndis.bind(nw.Protocol(), Owing())
    ...         packet = link.packet(b"hello")
    ...         link.send(packet)
    ...         packet.data[0]
    ... except nw.AccessViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    <Status.PENDING: 0x00000103>
    TOUCH - the protocol used the data of packet 0.0 (life 1), which belongs to the miniport now
    """


class StatusViolation(ContractViolation):
    """STATUS_PENDING, STATUS_RESOURCES, STATUS_UNKNOWN, STATUS_LIST, SYNC: an answer that is none.

    >>> class Lan(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.Status.RESOURCES
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         ndis.bind(nw.Protocol(), Lan()).send(b"hello")
    ... except nw.StatusViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    STATUS_RESOURCES - MiniportWanSend returned NDIS_STATUS_RESOURCES, which a WAN miniport never does
    """


class IrqlViolation(ContractViolation):
    """IRQL_COMPLETE, IRQL_SEND, IRQL_LEAK, IRQL_CALL, IRQL_FLAG: the wrong interrupt request level.

    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         link = ndis.bind(nw.Protocol(), Instant())
    ...         with link.adapter.at(nw.Irql.DIRQL):
    ...             status = link.send(b"hello")
    ... except nw.IrqlViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    IRQL_SEND - a send at DIRQL 3; expected DISPATCH_LEVEL or below
    """


class LockViolation(ContractViolation):
    """LOCK_HELD, LOCK_RECURSION, LOCK_UNHELD, LOCK_ORDER, LOCK_FORM, LOCK_LEAK: spin locks.

    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         link = ndis.bind(nw.Protocol(), Instant())
    ...         link.adapter.spin_lock("queue").release()
    ... except nw.LockViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    LOCK_UNHELD - spin lock "queue" was released by a CPU that does not hold it
    """


class FlowViolation(ContractViolation):
    """WINDOW, LINE, SERIAL, RESOURCES: when something may be sent or called.

    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         link = ndis.bind(nw.Protocol(), Instant())
    ...         with link.adapter.at(nw.Irql.DISPATCH):
    ...             link.adapter.line_down(link)
    ...         status = link.send(b"hello")
    ... except nw.FlowViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    LINE - a send on link 0 of "Instant", which is not up
    """


class LifeCycleViolation(ContractViolation):
    """RESET, HALT, INDICATE, TIMER, PAUSE, CANCEL: where an adapter is in its life.

    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), Instant())
    ...     timer = link.adapter.timer(print)
    >>> try:
    ...     timer.set(1)
    ... except nw.LifeCycleViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    TIMER - timer 0 was set on adapter "Instant", which is halted
    """


class ProgressViolation(ContractViolation):
    """LATE, HANG: what is owed does not come.

    >>> class Owing(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         self.owed = packet
    ...         return nw.PENDING
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         link = ndis.bind(nw.Protocol(), Owing())
    ...         status = link.send(b"slow")
    ...         events = ndis.run(until=60)
    ... except nw.ProgressViolation as violation:
    ...     print(violation.rule, "-", violation.detail)
    LATE - packet 0.0 (life 1) is owed for 6.0 s; expected a completion within 4.0 s
    """
