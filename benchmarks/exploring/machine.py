"""The Hypothesis machine: what one writes today to test a driver of ours statefully, with every rule that helps.

The miniport runs in virtual time, so what Hypothesis decides is what the protocol, the wire and the user of the machine
do, and when: sends of any length, sends from inside of a completion, how many events happen in between, frames that the
card fails, calls that end, interrupts from nowhere, resets, halts. It does not decide where a processor is taken from a
function; nothing in virtual time can.
"""

import contextlib
import inspect
import signal
import time
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import ndiswan as nw
from ndiswan.zoo.plays import FRAME, Peer


class Endless(Exception):  # noqa: N818
    """A halt that does not end."""


def cut_off(*_: object) -> None:
    """The timer's signal."""
    raise Endless


# Seconds of the processor for a halt.
PATIENCE = 0.25
# Hypothesis has no budget of time, so it gets so many examples at a time.
EXAMPLES = 20
# A completion of a packet that has been sent again is one or the other, as the driver's reference happens to be.
SAME = {
    "DOUBLE": ("STALE",),
    "STALE": ("DOUBLE",),
    "LOST": ("HANG", "LATE"),
    "HANG": ("LOST", "LATE"),
}


class Found(Exception):  # noqa: N818  (it is what is looked for)
    """A broken rule."""


class Machine(RuleBasedStateMachine):
    """One world; a subclass says what is looked for, and where."""

    driver: type[nw.Miniport]
    sought: frozenset[str] = frozenset()
    executions = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).executions += 1
        self.ndis = nw.Ndis(on_violation="record")
        self.failing = 0

    @initialize(
        adapters=st.integers(1, 2),
        again=st.integers(0, 5),
        window=st.integers(1, 4),
        bits=st.sampled_from([64_000, 2_400]),
    )
    def bind(self, adapters: int, again: int, window: int, bits: int) -> None:
        """One adapter or two, or as many as the driver's kind needs to know each other."""
        names = {
            name for kind in self.driver.__mro__ for name in getattr(kind, "__annotations__", {})
        }
        count = 3 if "following" in names else 2 if "partner" in names else adapters
        # A card of a LAN has the speed that it has.
        takes = inspect.signature(self.driver).parameters.values()
        slow = any(one.kind is one.VAR_KEYWORD or one.name == "bits_per_second" for one in takes)
        speed = {"bits_per_second": bits} if slow else {}
        self.miniports: list[Any] = [self.driver(self.ndis, **speed) for _ in range(count)]
        for number, miniport in enumerate(self.miniports):
            miniport.partner = miniport.following = self.miniports[(number + 1) % count]
            if miniport.info.header_padding:
                again = 0  # what was put before a frame is part of the packet that comes back
            elif window < 4:
                miniport.info = nw.WanInfo(max_transmit=window, endpoints=miniport.info.endpoints)
        for number, miniport in enumerate(self.miniports):
            self.ndis.bind(Peer(again), miniport, name=f"card {number}")
            if hasattr(miniport, "card"):
                miniport.card.fails = self.fails
        self.links = [link for miniport in self.miniports for link in miniport.adapter.links]

    def fails(self) -> bool:
        """The card's next frames, as often as a rule has said."""
        self.failing, fails = max(0, self.failing - 1), self.failing > 0
        return fails

    def found(self) -> None:
        """Ends the example when something is broken."""
        for violation in self.ndis.violations:
            if violation.rule in self.sought or not (self.sought or violation.warning):
                raise Found(violation.rule)

    def happen(self, until: float | None = None, max_events: int = 500) -> None:
        """Events happen; what is read without owning it raises in every mode, and is on record as well."""
        with contextlib.suppress(nw.ContractViolation):
            self.ndis.run(until=until, max_events=max_events)
        self.found()

    @rule(which=st.integers(0, 5), times=st.integers(1, 6))
    def send(self, which: int, times: int) -> None:
        """Some frames on one line."""
        for _ in range(times):
            self.give(which, FRAME)
        self.found()

    def give(self, which: int, frame: bytes) -> None:
        """A frame, if the line is up and the pool not nearly empty."""
        link = self.links[which % len(self.links)]
        if link.up and link.queued < 16:
            with contextlib.suppress(nw.ContractViolation):
                link.send(frame[: link.adapter.info.max_frame_size])

    @rule(which=st.integers(0, 5), data=st.binary(min_size=1, max_size=64))
    def send_anything(self, which: int, data: bytes) -> None:
        """A frame of any content."""
        self.give(which, data)
        self.found()

    @rule(which=st.integers(0, 5), times=st.integers(2, 30))
    def send_a_long_one(self, which: int, times: int) -> None:
        """A frame that is long."""
        self.give(which, FRAME * times)
        self.found()

    @rule(events=st.integers(1, 6))
    def some_events(self, events: int) -> None:
        """So many events happen."""
        self.happen(max_events=events)

    @rule(seconds=st.sampled_from([0.001, 0.01, 0.3, 1.0]))
    def some_time(self, seconds: float) -> None:
        """So much time passes."""
        self.happen(until=self.ndis.now + seconds)

    @rule()
    def quiet(self) -> None:
        """Everything happens that is to happen, and time enough for a hang to be seen."""
        self.happen()
        self.happen(until=self.ndis.now + 40)

    @rule(times=st.integers(1, 3))
    def frames_fail(self, times: int) -> None:
        """The card fails its next frames."""
        self.failing = times

    @rule(which=st.integers(0, 2))
    def reset(self, which: int) -> None:
        """A reset with whatever is on its way."""
        with contextlib.suppress(nw.ContractViolation):
            self.ndis.reset(self.miniports[which % len(self.miniports)].adapter)
        self.found()

    @rule(which=st.integers(0, 2))
    def interrupt(self, which: int) -> None:
        """An interrupt that the card has not raised; it comes with the next events."""
        self.miniports[which % len(self.miniports)].adapter.interrupt()
        self.found()

    @precondition(lambda self: hasattr(self.miniports[0], "d_channel"))
    @rule(number=st.integers(0, 1))
    def hang_up(self, number: int) -> None:
        """The remote side ends a call."""
        self.miniports[0].d_channel.hang_up(number)

    def teardown(self) -> None:
        """The world is closed: what is owed is lost. A driver that waits for ever in its halt is cut off."""
        signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
        with contextlib.suppress(nw.ContractViolation, Endless):
            self.ndis.close()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        self.found()


def hunt(entry: Any, seed: int, seconds: float, twin: bool) -> tuple[str | None, int]:
    """Which rule was found broken, after how many examples."""
    # With a bug, it is enough to look for that; in its twin nothing at all may be found.
    sought = frozenset() if twin else frozenset({entry.rule, *SAME.get(entry.rule, ())})
    driver = entry.mended if twin else entry.driver
    kind = type("Hunt", (Machine,), {"driver": driver, "sought": sought})
    deadline = time.process_time() + seconds
    options = settings(
        max_examples=EXAMPLES,
        stateful_step_count=30,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )
    signal.signal(signal.SIGVTALRM, cut_off)
    turn = 0
    while time.process_time() < deadline:
        try:
            run_state_machine_as_test(seeded(seed * 1000 + turn)(kind), settings=options)
        except Found as found:
            return str(found), kind.executions
        turn += 1
    return None, kind.executions
