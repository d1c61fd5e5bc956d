"""One world of a mode: an Ndis that records what is broken, a fresh driver, and the protocol that plays NDISWAN.

In virtual time nothing waits, except for a driver that has threads of its own: for those the world waits a little.
What a driver's callback raises comes out of the call that led to it; the engine has kept it, so it is let go here.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import ndiswan as nw
from ndiswan._native import net_buffer_list
from ndiswan._twins import send_all
from ndiswan.checking import frames as frames_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from ndiswan.checking.bench import Bench

Result = TypeVar("Result")

PACKETS = 64
# Of those, what a scenario itself may have besides what is sent.
IN_HAND = 2
# How long something may be owed before the world gives up on it, in seconds of its clock.
VIRTUAL_PATIENCE, REAL_PATIENCE = 100.0, 3.0
# How long a driver may do nothing, its threads included, in real seconds.
THREAD_PATIENCE = 1.0
# How far it looks for what comes too late: a watchdog, an interrupt after a reset.
VIRTUAL_LINGER, REAL_LINGER = 60.0, 0.1
STEP = 256
# So many broken rules and exceptions are enough for one mode.
ENOUGH = 50
# A driver that polls has something to do at any time: so many steps of it are enough.
LINGER_STEPS = 16
# Events at one moment of the virtual clock, after which the driver goes round in circles.
STANDSTILL = 10_000


class Peer(nw.Protocol):
    """Takes what comes back. `again` is called with each packet that does."""

    def __init__(self) -> None:
        self.again: Callable[[nw.Packet], None] | None = None
        self.answer: bytes | None = None
        self.refuses = False
        self.received = 0
        self.finished = 0

    def send_complete(self, packet: nw.Packet, status: nw.Status) -> None:  # noqa: ARG002
        """Hand the packet to the scenario, if it wants it."""
        if self.again is not None:
            self.again(packet)

    def receive(self, link: nw.Link, data: bytes) -> nw.Status:  # noqa: ARG002
        """Take every frame, and answer it if the scenario has an answer; refuse every second one if it is to."""
        self.received += 1
        if self.refuses and self.received % 2:
            return nw.Status.RESOURCES
        if self.answer is not None and link.up:
            link.send(self.answer)
        return nw.SUCCESS

    def receive_complete(self, link: nw.Link) -> None:  # noqa: ARG002
        """Count the ends of what is indicated together."""
        self.finished += 1


class CannotSendError(Exception):
    """The driver brings no line up, or none again, or takes none of the frames."""


class EnoughError(Exception):
    """So much was found that more would tell nothing."""


class BindFailedError(Exception):
    """The driver cannot be bound."""


class World:
    """An Ndis with one driver, for one run of a scenario."""

    def __init__(self, bench: Bench, *, real: bool = False, line: bool = True) -> None:
        self.bench = bench
        self.real = real
        self.line = line
        self.sends = 0
        self.raised = 0
        self.threads = set(threading.enumerate())
        self.peer = Peer()
        self.ndis = nw.Ndis(
            time=nw.RealTime() if real else nw.VirtualTime(),
            on_violation="record",
            verify=4,
            delivery=bench.delivery,
            record=True,
        )
        self.finding: str | None = None
        self.is_down = False

    def __enter__(self) -> Self:
        self.miniport = self.bench.make()
        try:
            self.link = self.ndis.bind(self.peer, self.miniport, packets=PACKETS)
        except Exception as error:
            raise BindFailedError from error
        self.frames = self.bench.frames_for(self.miniport.info)
        if not self.frames:
            largest = self.miniport.info.max_frame_size
            raise self._cannot_send(
                f"each of the frames is longer than max_frame_size, which is {largest}: none is sent"
            )
        self.adapter = self.miniport.adapter
        if not self.line:
            return self
        if not self.link.up:
            self._run_until(self._has_line)
        if not self.link.up and hasattr(self.miniport, "dial"):
            self._dial()
        if not self._has_line():
            self._wait_for_line()  # of a driver that polls, which a run does not wait for
        if not self._has_line():
            in_c = "NdisMIndicateStatus with NDIS_STATUS_WAN_LINE_UP"
            call = self.in_c(in_c, "adapter.line_up")
            raise self._cannot_send(f"no line came up; the driver has to call {call}")
        return self

    def in_c(self, call: str, in_python: str) -> str:
        """What the driver calls, by the name that it has in the driver's language."""
        return call if hasattr(self.miniport, "_c_driver") else in_python

    def _wait_for_line(self) -> None:
        # A driver that polls for it has nothing else to do, and still time goes on.
        self.call(self.ndis.wait, self._has_line, REAL_PATIENCE if self.real else VIRTUAL_PATIENCE)

    def _has_line(self) -> bool:
        """Whether a line is up; one in C brings up another than the one that it was bound with, if it does so later."""
        if not self.link.up:
            self.link = next((link for link in self.adapter.links if link.up), self.link)
        return self.link.up

    def _cannot_send(self, why: str) -> CannotSendError:
        self.call(self.ndis.close)  # what is left after that is left behind
        return CannotSendError(why)

    def _dial(self) -> None:
        from ndiswan.drivers.tapi_call import TapiError

        try:
            dial = self.miniport.dial  # type: ignore[attr-defined]  # one in C
            self.link = dial(self.ndis) or self.link
        except TapiError as error:
            if error.status is nw.Status.PENDING:
                self.finding = str(error)
            raise self._cannot_send(str(error)) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A protocol sends nothing to an adapter that is being halted.
        self.peer.again = self.peer.answer = None
        self.call(self.ndis.close)
        self.bench.collect(self)

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result | None:
        """Call the engine; None if what a driver's callback raised came out."""
        try:
            return function(*arguments)
        except BaseException as error:
            if any(error is known for known in self.ndis.errors):
                self.raised += 1
                return None
            raise

    # ── sending ──

    @property
    def owed(self) -> int:
        """The sends that have not come back, on lines that are up or have something in flight."""
        return sum(
            link.outstanding + (link.queued if link.up else 0) for link in self.adapter.links
        )

    def room(self) -> None:
        """Wait until the pool has a packet.

        Raises EnoughError if none comes back any more: what is lost is told when the world is halted.
        """
        if self._in_use + IN_HAND >= PACKETS:
            self.settle()
            self._close_old_lines()
            if self._in_use + IN_HAND >= PACKETS:
                raise EnoughError

    @property
    def _in_use(self) -> int:
        """The sends that have not come back, those that wait for a line that is down too."""
        return sum(link.outstanding + link.queued for link in self.adapter.links)

    def _close_old_lines(self) -> None:
        """End the calls of lines that are down for good: the driver has brought up a new one since."""
        links = self.adapter.links
        for link in links[: links.index(self.link)] if self.link.up else []:
            if link.queued and not (link.up or link.outstanding):
                self.call(link.close)

    def needs_line(self) -> None:
        """Wait for a line, if the driver has taken its own down; by TAPI another call is made.

        Raises CannotSendError if none comes up: a protocol sends nothing then.
        """
        if self._has_line():
            return
        if getattr(self.miniport, "tapi", None):
            from ndiswan.drivers.tapi_call import TapiError

            with suppress(TapiError):  # a card that has just been reset need not take a call
                self.dial_again()
        else:
            self._wait_for_line()
        if not self._has_line():
            raise self._cannot_send("the driver took its line down, and none came up again")

    def dial_again(self) -> None:
        """Another call by TAPI, once the other end of those that were closed is free.

        Raises TapiError if it does not come up.
        """
        from ndiswan.drivers.tapi_dialing import connect

        tapi = self.miniport.tapi  # type: ignore[attr-defined]  # one in C
        self.call(self.ndis.wait, lambda: all(call.over for call in tapi.calls), tapi.timeout)
        self.link = self.call(connect, tapi, tapi.lines[0].device) or self.link

    def send(self, frame: bytes | nw.Packet) -> None:
        """Send a frame; waits for a packet if the pool is empty, and for a line."""
        if not isinstance(frame, nw.Packet):
            self.room()
        self.needs_line()  # last, since a line may go down while something is waited for
        self.sends += 1
        self.call(self._one_of_the_lines(frame).send, frame)

    def _one_of_the_lines(self, frame: bytes | nw.Packet) -> nw.Link:
        """Each in turn, of a miniport that has several up; those of one in C are ends of calls."""
        several = isinstance(frame, bytes) and self.miniport.info.endpoints > 1
        if not several or hasattr(self.miniport, "_c_driver"):
            return self.link
        up = [link for link in self.adapter.links if link.up]
        return up[self.sends % len(up)] if up else self.link

    def together(self, frames: list[bytes]) -> None:
        """Send frames by one call; where there are lists, the second is one of several NET_BUFFERs."""
        if self._in_use + len(frames) > PACKETS:
            self.room()
        self.needs_line()
        self.sends += len(frames)
        given: list[bytes | nw.Packet] = list(frames)
        if self.miniport._face == "ndis6" and len(given) > 1:  # noqa: SLF001  (our own)
            buffers = [frames[1][:1], frames[1][1:]]
            given[1] = net_buffer_list(self.link, [one for one in buffers if one])
        self.call(send_all, self.link, given)

    def burst(self, frames: Iterable[bytes]) -> None:
        """Send many frames at once: NDIS queues what the window does not let through."""
        for frame in frames:
            if self.owed >= PACKETS // 2:
                self.settle()
            self.send(frame)

    def some(self, count: int) -> list[bytes]:
        """`count` of the frames."""
        return frames_of.fill(self.frames, count)

    # ── time ──

    def settle(self) -> None:
        """Run until nothing is owed, or nothing more can come.

        Raises EnoughError if by then so much is broken that more would tell nothing.
        """
        self._run_until(lambda: not self.owed and self.adapter.life != "resetting")
        self.bench.enough(self)

    def step(self, events: int) -> None:
        """Run that many events (in real time: milliseconds)."""
        idle = not self.real and events and not self.call(self.ndis.run, None, events)
        if self.real or (idle and self._has_threads()):
            time.sleep(events / 1000)

    def linger(self) -> None:
        """Wait for what comes too late. What is owed still will never come: halt tells that best."""
        if self.owed:
            return
        if self.real:
            self.call(self.ndis.run, self.ndis.now + REAL_LINGER)
            return
        end = self.ndis.now + VIRTUAL_LINGER
        for _ in range(LINGER_STEPS):
            ran = self.call(self.ndis.run, end, STEP)
            if ran is not None and ran < STEP:
                break
        if self._has_threads():
            time.sleep(0.02)
            self.call(self.ndis.drain)

    def wait(self, seconds: float) -> None:
        """Let time pass, the checks for hang included; a driver's threads work on another clock, and go first."""
        if self._has_threads():
            self.settle()
        self.call(self.ndis.run, self.ndis.now + seconds, 100_000)

    def _has_threads(self) -> bool:
        return any(thread not in self.threads for thread in threading.enumerate())

    def _run_until(self, done: Callable[[], bool]) -> None:
        end = self.ndis.now + (REAL_PATIENCE if self.real else VIRTUAL_PATIENCE)
        idle_since: float | None = None
        moment, events, all_events = self.ndis.now_ns, 0, 0
        while not done() and self.ndis.now < end:
            if self.real:
                self.call(self.ndis.run, self.ndis.now + 0.01)
                continue
            ran = self.call(self.ndis.run, None, STEP)
            all_events += ran or 1
            # A driver that feeds itself has always more to do, and a recording of that is too long to be read.
            goes_on = all_events > STANDSTILL
            if self.raised > ENOUGH or self.bench.is_late or goes_on:
                self.bench.enough(self, goes_on=goes_on)
            if ran is None or ran:
                idle_since = None
                moment, events = self._stands(moment, events + (ran or 1))
                if events > STANDSTILL:
                    self.finding = (
                        f"{events} events ran and the clock stands at {self.ndis.now:.6f} s:"
                        " a timer or DPC sets itself again without a delay"
                    )
                    raise EnoughError
                continue
            if not self._has_threads():
                return
            now = time.monotonic()
            idle_since = idle_since or now
            if now - idle_since > THREAD_PATIENCE:
                return
            time.sleep(0.001)
            self.call(self.ndis.drain)

    def _stands(self, moment: int, events: int) -> tuple[int, int]:
        now = self.ndis.now_ns
        return (moment, events) if now == moment else (now, 0)

    def go_down(self, level: nw.Irql) -> None:
        """MiniportShutdown at that level, the last that a machine calls: what the world's end brings does not count."""

        def shut_down() -> None:
            with self.adapter.at(level):
                self.ndis.shutdown()

        self.call(shut_down)
        self.is_down = True
        self.bench.collect(self)

    # ── the card ──

    def card(self, does: Callable[[], object]) -> None:
        """Have the card's driver do something at DISPATCH, in its turn, as its DPC."""
        self.call(self.adapter.dpc(does).queue)
        self.step(1)
        if self.real:
            self.step(5)

    def window(self, window: int) -> None:
        """A later line-up with another window."""
        self.card(lambda: self.link.up and self.adapter.line_up(self.link, window=window))
