"""Programs: lists of operations on one link, which the engine plays in one call::

    run_program(ndis, link, [send(64), send(1500), run(3), reset(), run(10)])

`ndiswan.strategies.programs()` makes them; written out by hand they are a test that can be read.
"""

from collections.abc import Sequence
from operator import index
from typing import NamedTuple

from ndiswan._native import OPERATIONS, Link
from ndiswan._native import run_program as _run_program
from ndiswan.ndis import Ndis

_CODES = {name: code for code, name in enumerate(OPERATIONS)}
_ALONE = {"reset", "interrupt", "line_down", "line_up", "halt"}


class Operation(NamedTuple):
    """One operation, as the engine takes it; its ``repr`` is the call that makes it.

    >>> from ndiswan import program as op
    >>> op.send(64).name, op.send(64).argument
    ('send', 64)
    """

    code: int
    argument: int = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return OPERATIONS[self.code]

    def __repr__(self) -> str:
        if self.name in _ALONE:
            return f"{self.name}()"
        if self.name == "advance":
            return f"advance({self.argument / 1e9!r})"
        return f"{self.name}({self.argument})"


def _whole(name: str, number: int) -> int:
    """The argument of an operation, as the engine takes it."""
    try:
        whole = index(number)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, got {number!r}") from None
    if not 0 <= whole < 1 << 64:
        raise ValueError(f"{name}: expected 0 to 2**64 - 1, got {number!r}")
    return whole


def send(size: int) -> Operation:
    """The protocol sends a frame of ``size`` octets; left out if the pool is empty.

    >>> from ndiswan import program as op
    >>> op.send(64)
    send(64)
    """
    return Operation(_CODES["send"], _whole("send", size))


def run(events: int) -> Operation:
    """``events`` events happen, or what there is.

    >>> from ndiswan import program as op
    >>> op.run(3)
    run(3)
    """
    return Operation(_CODES["run"], _whole("run", events))


def advance(seconds: float) -> Operation:
    """``seconds`` pass, with all that happens in them, checks for hang included.

    >>> from ndiswan import program as op
    >>> op.advance(0.5)
    advance(0.5)
    """
    if not isinstance(seconds, int | float):
        raise TypeError(f"advance: expected seconds, a number, got {seconds!r}")
    if not 0 <= seconds <= 1e9:
        raise ValueError(f"advance: expected seconds from 0 to 1e9, got {seconds!r}")
    return Operation(_CODES["advance"], round(seconds * 1e9))


def reset() -> Operation:
    """NdisReset; left out unless the adapter runs.

    >>> from ndiswan import program as op
    >>> op.reset()
    reset()
    """
    return Operation(_CODES["reset"])


def interrupt() -> Operation:
    """The card raises its interrupt.

    >>> from ndiswan import program as op
    >>> op.interrupt()
    interrupt()
    """
    return Operation(_CODES["interrupt"])


def line_down() -> Operation:
    """The adapter takes the line down, at DISPATCH; left out if it is down.

    >>> from ndiswan import program as op
    >>> op.line_down()
    line_down()
    """
    return Operation(_CODES["line_down"])


def line_up() -> Operation:
    """The adapter brings the line up again, at DISPATCH; left out if it is up.

    >>> from ndiswan import program as op
    >>> op.line_up()
    line_up()
    """
    return Operation(_CODES["line_up"])


def window(packets: int) -> Operation:
    """A later line-up with another SendWindow; 0 is what the driver asked for.

    >>> from ndiswan import program as op
    >>> op.window(2)
    window(2)
    """
    return Operation(_CODES["window"], _whole("window", packets))


def request(oid: int) -> Operation:
    """The protocol asks for an OID.

    >>> from ndiswan import program as op
    >>> op.request(nw.Oid.WAN_GET_INFO)
    request(67174663)
    """
    return Operation(_CODES["request"], int(oid))


def halt() -> Operation:
    """The world is closed, with what is in flight; nothing comes after it.

    >>> from ndiswan import program as op
    >>> op.halt()
    halt()
    """
    return Operation(_CODES["halt"])


def run_program(ndis: Ndis, link: Link, program: Sequence[tuple[int, int]]) -> list[bool]:
    """Play ``program`` on ``link``; gives for each operation whether it was possible in its turn.

    Parameters
    ----------
    ndis, link:
        A world in virtual or adversarial time, and a link of it.
    program:
        Operations; what is not possible when its turn comes, because of what the driver did, is left out.

    Raises
    ------
    ContractViolation, or what a driver's callback raised
        With a note that says which operation it was.
    ValueError
        Something is no operation, or a frame is longer than the adapter's ``max_frame_size``.

    Examples
    --------
    >>> from ndiswan import program as op
    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), Instant())
    ...     op.run_program(ndis, link, [op.send(64), op.line_down(), op.send(64)])
    [True, True, False]
    """
    return _run_program(ndis, link, list(program))
