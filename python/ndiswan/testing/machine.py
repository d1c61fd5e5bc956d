"""A Hypothesis state machine for any miniport."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from ndiswan import strategies
from ndiswan._native import Edges, cancel, change_life, to_token
from ndiswan.exploring.watchdog import EndlessError, Watchdog
from ndiswan.irql import Irql
from ndiswan.miniport import InitializeError, Miniport
from ndiswan.ndis import Ndis
from ndiswan.oid import Oid
from ndiswan.policy import Policy
from ndiswan.testing.observe import observe
from ndiswan.testing.peer import Peer
from ndiswan.time import AdversarialTime, VirtualTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan._native import Link, Packet

# Events at the end, after which a driver is taken for one that never comes to rest.
_DRAIN = 10_000
_BINDS = 8
_MACHINE: st.SearchStrategy[Any] = st.runner()
_FRAMES: st.SearchStrategy[bytes] = _MACHINE.flatmap(lambda machine: machine.frames())
_ANSWERS = _MACHINE.flatmap(
    lambda machine: strategies.choices() if machine.adversarial else st.none()
)


def _when(condition: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """A rule's precondition, for a world that is there."""
    return precondition(lambda machine: machine.link is not None and condition(machine))


class Owned:
    """A packet of the protocol's, until it is sent; Hypothesis keeps this, and so not the packet."""

    __slots__ = ("_packet",)

    def __init__(self, packet: Packet) -> None:
        self._packet: Packet | None = packet

    def take(self) -> Packet:
        """The packet, once."""
        packet, self._packet = self._packet, None
        assert packet is not None
        return packet


class MiniportMachine(RuleBasedStateMachine):
    """Sends, interrupts, resets and line changes in any order, for the miniport of a subclass; of a sister contract
    also arrays and chains, cancels, pauses and restarts::

        class ModemMachine(MiniportMachine):
            miniport = Modem

        TestModem = ModemMachine.TestCase

    A rule of the contract that is broken raises where it is broken. At the end everything is drained, or
    not, and halted; the counters have to add up.

    Attributes
    ----------
    miniport:
        The driver's class. Override :meth:`make_miniport` if it needs arguments.
    patience:
        Seconds of the machine that one example may take; a driver that loops for ever then ends with an
        ``EndlessError``, which Hypothesis does not shrink.
    packets:
        How many packets the pool has.
    delivery, policy:
        As of :class:`ndiswan.Ndis`.
    lines:
        Whether lines go down and windows change by the machine's hand; by the driver's ``hang_up(link)``
        if it has one. Not for a driver that would not know that its line is gone.
    adversarial:
        Whether an explorer, whose answers Hypothesis draws, decides what happens next.
    targets:
        Whether Hypothesis is to look for more ownership edges (``target()``). It climbs for minutes on long
        programs, many of them without running anything, so it is off; the statistics have the edges anyway.

    Examples
    --------
    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> from hypothesis import settings
    >>> from hypothesis.stateful import run_state_machine_as_test
    >>> from ndiswan.testing import MiniportMachine
    >>> class Machine(MiniportMachine):
    ...     miniport = Instant
    >>> run_state_machine_as_test(Machine, settings=settings(max_examples=2, deadline=None))
    """

    miniport: ClassVar[type[Miniport]] = Miniport
    patience: ClassVar[float] = 10.0
    packets: ClassVar[int] = 12
    delivery: ClassVar[Literal["inline", "queued"]] = "inline"
    policy: ClassVar[Policy] = Policy()
    lines: ClassVar[bool] = True
    adversarial: ClassVar[bool] = False
    targets: ClassVar[bool] = False

    owned: Bundle[Owned] = Bundle("owned")

    def __init__(self) -> None:
        super().__init__()
        self.link: Link | None = None
        self.peer = Peer()
        self.drains = True
        self._watched = ExitStack()

    def make_miniport(self) -> Miniport:
        """A fresh driver."""
        return self.miniport()

    def frames(self) -> st.SearchStrategy[bytes]:
        """The frames that are sent."""
        return strategies.frames(self.driver.info)

    @initialize(answers=_ANSWERS, drains=st.just(True) | st.just(False))
    def bind(self, answers: bytes | None, drains: bool) -> None:
        """A world with a fresh driver."""
        adversary = None if answers is None else AdversarialTime(explorer=answers)
        self.drains = drains
        watchdog = self._watched.enter_context(Watchdog(self.patience, EndlessError))
        self._watched.enter_context(watchdog.watching())
        self.ndis = Ndis(
            time=adversary or VirtualTime(),
            policy=self.policy,
            on_violation="record" if adversary else "raise",
            delivery=self.delivery,
            record=True,
        )
        for _ in range(_BINDS):
            self.driver = self.make_miniport()
            try:
                self.link = self.ndis.bind(self.peer, self.driver, packets=self.packets)
            except InitializeError:
                broken = self.ndis.violation_count() or self.ndis.errors
                if not self.adversarial or isinstance(self.driver, Miniport) or broken:
                    raise
                # One in C may refuse to come up, for want of memory for example, which an explorer did not give it.
            else:
                self._look()
                return
        self.ndis.close()
        reject()

    # ── the protocol ──

    @property
    def runs(self) -> bool:
        """Whether the adapter takes sends."""
        return self.link is not None and self.link.up and self.driver.adapter.life == "running"

    @property
    def has_room(self) -> bool:
        """Whether the pool has a packet."""
        # What came back, and what rules hold, is the protocol's.
        return self.room > 0

    @property
    def room(self) -> int:
        """How many packets the pool has, as far as the peer knows."""
        return self.packets - self.held - self.peer.missed - len(self.peer.back)

    held = 0

    @_when(lambda machine: machine.has_room)
    @rule(target=owned, frame=_FRAMES)
    def packet(self, frame: bytes) -> Any:
        """The protocol fills a packet of the pool."""
        assert self.link is not None
        try:
            made = self.link.packet(frame)
        except RuntimeError:
            # Under an explorer another CPU may be on its way with one that has come back.
            if not self.adversarial:
                raise
            return multiple()
        self.held += 1
        return Owned(made)

    @_when(lambda machine: machine.runs)
    @rule(packet=consumes(owned))
    def send(self, packet: Owned) -> None:
        """The packet goes down, and is not the protocol's any more."""
        assert self.link is not None
        self.held -= 1
        self.peer.send(self.link, packet.take())
        self._look()

    @_when(lambda machine: machine.runs)
    @rule(count=st.integers(2, 8), frame=_FRAMES)
    def burst(self, count: int, frame: bytes) -> None:
        """Several frames at once, as many as the pool has packets for."""
        assert self.link is not None
        for _ in range(count):
            if not (self.runs and self.has_room):
                break
            made = self.packet(frame)
            if isinstance(made, Owned):
                self.send(made)

    @_when(lambda machine: machine.has_own("together") and machine.runs and machine.room > 1)
    @rule(count=st.integers(2, 4), frame=_FRAMES)
    def together(self, count: int, frame: bytes) -> None:
        """Several frames as one array or chain, for a miniport of a sister contract."""
        assert self.link is not None
        self.peer.send_together(self.link, [frame] * min(count, self.room))
        self._look()

    @_when(lambda machine: machine.has_own("cancel_send") and machine.runs)
    @rule(packet=consumes(owned))
    def send_and_cancel(self, packet: Owned) -> None:
        """A packet goes down, and is cancelled."""
        assert self.link is not None
        self.held -= 1
        taken = packet.take()
        taken.cancel_id = 1
        self.peer.send(self.link, taken)
        del taken
        cancel(self.driver.adapter, 1)
        self._look()

    @_when(lambda machine: machine.has_own("pause"))
    @rule()
    def pause_or_restart(self) -> None:
        """An NDIS 6 miniport that runs is paused, a paused one restarted."""
        life = self.driver.adapter.life
        if life in {"running", "paused"}:
            change_life(self.driver.adapter, "restart" if life == "paused" else "pause")
            self._look()

    @_when(lambda machine: bool(machine.peer.back))
    @rule(target=owned, frame=_FRAMES)
    def again(self, frame: bytes) -> Owned:
        """A packet that came back is filled anew, to be sent again."""
        packet, _ = self.peer.back.pop(0)
        packet.fill(frame)
        self.held += 1
        return Owned(packet)

    @_when(lambda machine: bool(machine.peer.back))
    @rule()
    def let_go(self) -> None:
        """What came back returns to the pool."""
        self.peer.back.clear()

    # ── what happens meanwhile ──

    @_when(bool)
    @rule(events=st.integers(1, 16))
    def run(self, events: int) -> None:
        """So many events happen."""
        self.ndis.run(None, events)
        self._look()

    @_when(bool)
    @rule(seconds=st.sampled_from([0.001, 0.1, 3.0]))
    def advance(self, seconds: float) -> None:
        """So much time passes."""
        self.ndis.run(self.ndis.now + seconds, _DRAIN)
        self._look()

    @_when(lambda machine: machine.driver.adapter.life == "running")
    @rule()
    def reset(self) -> None:
        """NdisReset, with what is in flight."""
        assert self.link is not None
        self.ndis.reset(self.link)
        self._look()

    @_when(lambda machine: machine.interrupts and machine.driver.adapter.life == "running")
    @rule()
    def interrupt(self) -> None:
        """The card raises its interrupt, with or without a reason."""
        self.driver.adapter.interrupt()
        self._look()

    @_when(lambda machine: machine.lines and machine.driver.adapter.life == "running")
    @rule(window=st.none() | st.sampled_from([0, 1, 2, 3, 16]))
    def line(self, window: int | None) -> None:
        """The line goes down, or comes up with another window."""
        assert self.link is not None
        adapter = self.driver.adapter
        with adapter.at(Irql.DISPATCH):
            if window is not None:
                adapter.line_up(self.link, window=window)
            elif self.link.up:
                getattr(self.driver, "hang_up", adapter.line_down)(self.link)
        self._look()

    @_when(lambda machine: machine.driver.adapter.life == "running")
    @rule(oid=st.sampled_from(Oid))
    def request(self, oid: Oid) -> None:
        """The protocol asks for something."""
        assert self.link is not None
        self.link.query(oid)
        self._look()

    # ── what holds ──

    @invariant()
    def counters_add_up(self) -> None:
        """What was sent and has not come back is out, each once."""
        # Under an explorer another CPU may stand between the count and the protocol's function.
        if self.link is None or self.adversarial or self.ndis.errors or self.ndis.violations:
            return
        counters = self.driver.adapter.counters
        out = counters["sends"] - counters["delivered"]
        assert out == self.peer.missed, (
            f"{out} sends are out, and the protocol misses {self.peer.missed}: {self.peer.out}"
            f" and {self.peer.together} that were sent together"
        )

    def teardown(self) -> None:
        """Drain if it was drawn so, halt, and raise what was found."""
        if self.link is None:  # it could not be bound
            self._watched.close()
            return
        broken = bool(self.ndis.errors) or any(not v.warning for v in self.ndis.violations)
        try:
            if broken:
                # It was raised already, and what is owed because of it is no finding of its own.
                self.ndis.__exit__(AssertionError, AssertionError(), None)
                return
            if self.drains and not self.adversarial:
                self.ndis.run(None, _DRAIN)
            self.ndis.close()
            self._look()
            self.peer.back.clear()
            counters = self.ndis.counters
            assert not self.peer.missed, (
                f"never came back: {sorted(self.peer.out)}, and {self.peer.together} that were sent together"
                f" ({counters})"
            )
        finally:
            self._watched.close()
            edges = Edges()
            edges.see(self.ndis.events())
            rules = [found.rule for found in self.ndis.violations]
            observe(rules, len(edges), targets=self.targets)

    def has_own(self, what: str) -> bool:
        """Whether the miniport is one of a sister contract, and has this, or sends together."""
        more: dict[str, str] = getattr(self.driver, "_more", {})
        return bool(more) and (what == "together" or what in more)

    @property
    def interrupts(self) -> bool:
        """Whether the driver has anything to do with interrupts; one in C has its card for that."""
        kind = type(self.driver)
        if not issubclass(kind, Miniport):
            return False
        return (
            kind.isr is not Miniport.isr or kind.handle_interrupt is not Miniport.handle_interrupt
        )

    def _look(self) -> None:
        """Under an explorer rules are only recorded: raise the first."""
        if not self.adversarial:
            return
        for found in self.ndis.violations:
            if not found.warning:
                found.add_note(f"choices {to_token(self.ndis.choices())}")
                raise found
