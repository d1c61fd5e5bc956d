"""The world of one run: clock, policy, adapters, events, and what was found."""

from __future__ import annotations

import atexit
import sys
import warnings
import weakref

from ndiswan._bound import callbacks_of, parts_of
from ndiswan._native import Adapter, Link, bind_built_in, bind_c
from ndiswan._native import Ndis as _Native
from ndiswan.given import callable_, flag, several, text, whole
from ndiswan.miniport import InitializeError, Miniport
from ndiswan.policy import Policy
from ndiswan.protocol import Protocol
from ndiswan.shown import Shown
from ndiswan.time import AdversarialTime, RealTime, VirtualTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from types import CodeType, FrameType, TracebackType
    from typing import Literal, Self, TypeVarTuple

    from ndiswan._native import Feed
    from ndiswan.drivers import CMiniport
    from ndiswan.models import CardMiniport, TrafficProtocol
    from ndiswan.status import Status

    _Args = TypeVarTuple("_Args")

_open: weakref.WeakSet[Ndis] = weakref.WeakSet()
_LEVELS = range(5)


def _expect_room(link: Link, feed: Feed | None) -> None:
    """Refuse built-in traffic of which some frames would never be sent."""
    if feed is not None and feed.largest > (room := link.adapter.info.max_frame_size + 32):
        raise ValueError(
            f"traffic: expected frames of at most {room} bytes, the miniport's max_frame_size + 32, got sizes up to"
            f" {feed.largest}; send less, or raise max_frame_size"
        )


def _adapter_of(target: Link | Adapter) -> Adapter:
    adapter = target.adapter if isinstance(target, Link) else target
    if not isinstance(adapter, Adapter):
        raise TypeError(f"target: expected a Link or an Adapter, got {target!r}")
    return adapter


class Ndis(_Native, Shown):
    """The library between protocols and miniports, with the contract checked while it runs.

    Leaving the ``with`` block halts the adapters and reports what is still owed.

    Parameters
    ----------
    time:
        ``VirtualTime()`` (default), ``RealTime()`` or ``AdversarialTime(seed)``.
    policy:
        The switches for what the pages leave open.
    on_violation:
        ``"raise"``: a broken rule raises at the call that breaks it. ``"record"``: it is collected
        in ``violations`` and repaired, so that the run goes on and nothing is lost.
        ``"bugcheck"``: it raises, and the adapter stops.
    verify:
        0 off · 1 counters · 2 last owner · 3 full history · 4 with call sites.
    delivery:
        ``"inline"``: ``send_complete`` runs on the stack of ``wan_send_complete``, as NDIS does it.
        ``"queued"``: through the completion ring, in batches, by the dispatcher.
    record:
        Keep every event, for :meth:`events` and :meth:`save`.

    Raises
    ------
    TypeError, ValueError
        A setting is of another type, or has a value that it does not know.

    Examples
    --------
    >>> with nw.Ndis(on_violation="record") as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     link.send(b"hello").name
    ...     ndis.run() > 0
    'PENDING'
    True
    >>> ndis.now_ns, ndis.violations
    (625000, [])
    """

    _record: bool
    _kind: str
    _answers: dict[str, Sequence[str]]

    def __new__(  # noqa: D102  (the class says it)
        cls,
        *,
        time: VirtualTime | RealTime | AdversarialTime | None = None,
        policy: Policy | None = None,
        on_violation: Literal["raise", "record", "bugcheck"] = "raise",
        verify: int = 3,
        delivery: Literal["inline", "queued"] = "inline",
        record: bool = False,
    ) -> Self:
        time = VirtualTime() if time is None else time
        policy = Policy() if policy is None else policy
        if not isinstance(time, VirtualTime | RealTime | AdversarialTime):
            raise TypeError(
                f"time: expected VirtualTime(), RealTime() or AdversarialTime(), got {time!r}"
            )
        if not isinstance(policy, Policy):
            raise TypeError(f"policy: expected a Policy, got {policy!r}")
        text("on_violation", on_violation, "'raise', 'record' or 'bugcheck'")
        text("delivery", delivery, "'inline' or 'queued'")
        flag("record", record)
        if whole("verify", verify) not in _LEVELS:
            levels = "0 (off), 1 (counters), 2 (last owner), 3 (history) or 4 (with call sites)"
            raise ValueError(f"verify: expected {levels}, got {verify}")
        switches = {name: getattr(policy, name) for name in Policy.__slots__}
        self = super().__new__(
            cls,
            time.kind,
            switches,
            on_violation,
            verify,
            delivery,
            record,
            time.settings() if isinstance(time, AdversarialTime) else None,
        )
        self._record = record
        self._kind = time.kind
        self._answers = {}
        _open.add(self)
        return self

    def bind(
        self,
        protocol: Protocol | TrafficProtocol,
        miniport: Miniport | CardMiniport | CMiniport,
        *,
        packets: int = 64,
        name: str | None = None,
    ) -> Link:
        """Bind a protocol to a miniport with a pool of ``packets``; returns the first link.

        ``miniport.initialize`` is called, then the line comes up with SendWindow 0 unless the
        miniport brought one up itself or says ``line_up_at_bind = False``: a line that it brings up later is another
        one, of which ``protocol.line_up`` is told. Either may be a built-in one of ``ndiswan.models``.

        Raises
        ------
        TypeError
            Something else than a protocol or a miniport was given.
        ValueError
            ``miniport.info`` or ``packets`` is out of range, or built-in traffic has frames that the miniport does
            not take.
        InitializeError
            ``initialize`` answered with a failure.
        RuntimeError
            This Ndis is closed or being closed, or the miniport is bound already.
        """
        feed = None if isinstance(protocol, Protocol) else getattr(protocol, "_feed", None)
        if feed is None and not isinstance(protocol, Protocol):
            raise TypeError(f"protocol: expected an ndiswan.Protocol, got {protocol!r}")
        # A driver that has none of these would say so at length.
        written = miniport if isinstance(miniport, Miniport) else None
        card = getattr(miniport, "_card", None) if written is None else None
        in_c = getattr(miniport, "_c_driver", None) if written is None else None
        if written is None and card is None and in_c is None:
            raise TypeError(f"miniport: expected an ndiswan.Miniport, got {miniport!r}")
        # A card of a driver in C is bound once, which is said where it is looked at.
        if in_c is None and hasattr(miniport, "adapter") and miniport.adapter.life != "halted":
            raise RuntimeError(f"{miniport!r} is bound already; bind a new instance")
        name = getattr(miniport, "name", type(miniport).__name__) if name is None else name
        callbacks = {} if feed else callbacks_of(protocol)
        if in_c is not None:
            in_c_too: CMiniport = miniport  # type: ignore[assignment]
            try:
                link = bind_c(self, feed, callbacks, in_c, packets, name)
            except InitializeError as error:
                if in_c_too.printed:  # it may have said why
                    said = " | ".join(text.strip() for text in in_c_too.printed[-5:])
                    error.args = (f"{error}; the last that it printed: {said}",)
                raise
            _expect_room(link, feed)
            return in_c_too._bound(link)  # noqa: SLF001
        driver = None if written is None else parts_of(written)
        if driver and not feed:
            return self._bind(callbacks, driver, packets, name)
        link = bind_built_in(self, feed, callbacks, card, driver, packets, name)
        _expect_room(link, feed)
        return link

    def reset(self, target: Link | Adapter) -> Status:
        """NdisReset: the reset's status, PENDING if it ends later, or RESET_IN_PROGRESS."""
        return self._reset(_adapter_of(target))

    def halt(self, target: Link | Adapter) -> None:
        """MiniportHalt of one adapter, whose card is taken out; the others of this Ndis go on.

        What was not halted when this Ndis is closed is halted then. The protocol sends nothing from now on (HALT). A
        miniport can be bound again, of a driver in C `another` card of it. Does nothing the second time.

        Raises
        ------
        ContractViolation
            A broken rule: LOST for what the miniport owes when it returns, TIMER for a timer that is set; SERIAL for a
            call from inside of a callback, or with a raised level.
        TypeError, ValueError
            ``target`` is neither a link nor an adapter, or is one of another Ndis.

        Examples
        --------
        >>> with nw.Ndis() as ndis:
        ...     line = models.Line(rate_bps=64_000)
        ...     first = ndis.bind(nw.Protocol(), models.CardMiniport(line))
        ...     second = ndis.bind(nw.Protocol(), models.CardMiniport(line))
        ...     ndis.halt(first)
        ...     first.adapter.life, second.adapter.life
        ('halted', 'running')
        """
        self._halt(_adapter_of(target))

    def name_answers(self, what: str, answers: Sequence[str]) -> None:
        """Name the answers of ``choose(n, what)``, from 0 on, for who goes through an execution by hand.

        Those without a name are numbers. Of several calls with the same ``what`` the last one counts.

        >>> def scenario(ndis):
        ...     ndis.name_answers("weather", ["sun", "rain"])
        ...     ndis.choose(3, "weather")
        >>> nw.Stepper(scenario).choices
        ['sun', 'rain', '2']
        """
        if not isinstance(what, str):
            raise TypeError(f"what: expected the text that `choose` was given, got {what!r}")
        several("answers", answers, "a list of names", text=True)
        self._answers[what] = answers

    def wait(self, done: Callable[[], object], seconds: float = 10.0) -> bool:
        """Wait until ``done()`` is true; false if it never will be, or is not after ``seconds``.

        Those are of the real clock, and of the virtual one where a driver polls. Other threads go on meanwhile; in
        virtual time what is due happens, in adversarial time what the explorer says. Raises what ``done`` raises, and
        as :meth:`run`.
        """
        return super().wait(callable_("done", done, "a function without arguments"), seconds)

    def spawn(self, function: Callable[[*_Args], object], *args: *_Args) -> None:
        """Run ``function(*args)`` as another thread at PASSIVE. Raises ``RuntimeError`` if there is none left."""
        super().spawn(callable_("function", function, "a function"), *args)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the recording as a trace: JSON lines, for ``ndiswan trace`` and ``ndiswan check``.

        Raises
        ------
        RuntimeError
            This Ndis does not record.
        OSError
            The file cannot be written.
        """
        if not self._record:
            raise RuntimeError("nothing was recorded; make the Ndis with record=True")
        self._save(path)

    def close(self) -> None:
        """Halt every adapter, end the dispatcher, and raise what was found doing so.

        If another thread is at it, wait for that thread, up to five seconds: it may be waiting for
        this one in a driver's ``halt``. Then leave it to that thread; ``closed`` is still false.
        """
        try:
            self._close()
        finally:
            if self.closed:
                _open.discard(self)

    @property
    def counters(self) -> dict[str, int]:
        """What was counted, over all adapters."""
        total: dict[str, int] = {}
        for adapter in self.adapters:
            for name, count in adapter.counters.items():
                total[name] = total.get(name, 0) + count
        return total

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            # What is owed because of the exception is not a finding of its own.
            self._close(quiet=True)
            if self.closed:
                _open.discard(self)

    __del__ = _Native._finalize  # noqa: SLF001  (nothing in Python, where Ctrl-C could come and be lost)

    def _forgotten(self) -> None:
        warnings.warn(f"{self!r} was not closed; use it in a with block", ResourceWarning, 2)
        self._close(quiet=True)

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{len(self.adapters)} adapters, now {self.now:.6f} s"
        return f"<Ndis {state}>"


_OURS = __file__.rpartition("/")[0]
_WHOSE: dict[str, int] = {}
"""Of each source file: 0 for a driver's, 1 for one that is passed, 2 for one that runs scenarios."""
_SITES: dict[tuple[int, int], tuple[CodeType, str]] = {}
"""Lines that have called, by the function's id and where in it; the function, so that its id is nobody else's."""
_MANY_SITES = 10_000


def _whose(file: str) -> int:
    # Neither this package nor what starts a program (`python -m`) is the driver; its own drivers are.
    drivers = tuple(_OURS + own for own in ("/miniports/", "/zoo/", "/exploring/workload.py"))
    runs = ("/exploring/execution.py", "/checking/bench.py")
    if not file.startswith((_OURS, "<frozen ")) or file.startswith(drivers):
        return 0
    return 2 if file.endswith(runs) else 1


def _call_site() -> str | None:
    """The line of the driver that is calling, for verification level 4."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  (there is no other way)
    while frame is not None:
        code = frame.f_code
        whose = _WHOSE.get(code.co_filename)
        if whose is None:
            whose = _WHOSE[code.co_filename] = _whose(code.co_filename)
        if whose == 0:
            place = id(code), frame.f_lasti
            known = _SITES.get(place)
            if known is None:
                if len(_SITES) >= _MANY_SITES:
                    _SITES.clear()
                text = f"{code.co_filename}:{frame.f_lineno} in {code.co_qualname}"
                known = _SITES[place] = code, text
            return known[1]
        if whose == 2:
            return None  # what is further out runs the scenario, and is not in it
        frame = frame.f_back
    return None


def _forget_frames(errors: list[BaseException], until: FrameType | None = None) -> None:
    """Clear the local variables of calls that are over and that the exceptions keep alive, as far out as ``until``."""
    import inspect
    from contextlib import suppress

    suspends = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
    seen = set() if until is None else {until}
    for error in errors:
        traceback = error.__traceback__
        while traceback is not None:
            frame: FrameType | None = traceback.tb_frame
            while frame is not None and frame not in seen:
                seen.add(frame)
                if not frame.f_code.co_flags & suspends:
                    with suppress(RuntimeError):  # it runs
                        frame.clear()
                frame = frame.f_back
            traceback = traceback.tb_next


def _close_all() -> None:
    """At exit: no dispatcher thread may meet an interpreter that is gone."""
    for ndis in list(_open):
        ndis._close(quiet=True, at_exit=True)  # noqa: SLF001  (our own)


atexit.register(_close_all)
