"""Generator processes in a world: ``yield world.timeout(0.5)``, ``status = yield sender.send(link, data)``.

A process is a generator that yields what it waits for. It runs between the events of the engine, outside of every
callback, in the order of time: `World.run` takes the next of both, the engine's first at the same instant. Nothing of
this is in the engine; `ndiswan.simpy_bridge` does the same with processes of SimPy.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from numbers import Real
from typing import TYPE_CHECKING, Any

from ndiswan.protocol import Protocol
from ndiswan.status import Status

if TYPE_CHECKING:
    from ndiswan._native import Link, Packet
    from ndiswan.ndis import Ndis

LONGEST_S = 1e9
"""The latest second of a world's clock."""
_TAKEN = "it has happened already; make a new event for each time"


class Event:
    """Something that happens once, and that processes wait for: ``value = yield event``.

    >>> from ndiswan.processes import World
    >>> with nw.Ndis() as ndis:
    ...     world = World(ndis)
    ...     event = world.event()
    ...     event.succeed("now").triggered, event.value
    (True, 'now')
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.triggered = False
        self.value: Any = None
        self.error: BaseException | None = None
        self._over = False
        self._waiting: list[Callable[[Event], None]] = []

    def succeed(self, value: object = None) -> Event:
        """It happens now, with ``value``. Raises ``RuntimeError`` if it has happened."""
        return self._trigger(value, None)

    def fail(self, error: BaseException) -> Event:
        """It fails now: ``error`` is raised in whoever waits, or by `World.run` if nobody does."""
        if not isinstance(error, BaseException):
            raise TypeError(f"error: expected an exception, got {error!r:.60}")
        return self._trigger(None, error)

    def _trigger(self, value: object, error: BaseException | None) -> Event:
        if self.triggered:
            raise RuntimeError(_TAKEN)
        self.triggered, self.value, self.error = True, value, error
        self.world.call_at(self.world.now_ns, self._happen)
        return self

    def _happen(self) -> None:
        self._over = True
        waiting, self._waiting = self._waiting, []
        if self.error is not None and not waiting:
            raise self.error
        for resume in waiting:
            resume(self)

    def when_done(self, resume: Callable[[Event], None]) -> None:
        """Call ``resume`` with this event when it has happened; at once, if that is over."""
        if self._over:
            self.world.call_at(self.world.now_ns, lambda: resume(self))
        else:
            self._waiting.append(resume)


class Process(Event):
    """A generator that runs; it is an event itself, which happens when it returns, with what it returns.

    >>> from ndiswan.processes import World
    >>> def twice(world):
    ...     yield world.timeout(1)
    ...     yield world.timeout(1)
    ...     return world.now
    >>> with nw.Ndis() as ndis:
    ...     world = World(ndis)
    ...     process = world.process(twice(world))
    ...     world.run()
    >>> process.value
    2.0
    """

    def __init__(self, world: World, generator: Generator[Event, Any, Any]) -> None:
        super().__init__(world)
        self._generator = generator
        world.call_at(world.now_ns, lambda: self._go_on(None))

    def _go_on(self, event: Event | None) -> None:
        try:
            if event is None:
                target = next(self._generator)
            elif event.error is not None:
                target = self._generator.throw(event.error)
            else:
                target = self._generator.send(event.value)
        except StopIteration as end:
            self.succeed(end.value)
        except Exception as error:  # noqa: BLE001  (whoever waits for it has it)
            self.fail(error)
        else:
            if isinstance(target, Event):
                target.when_done(self._go_on)
            else:
                name = self._generator.__qualname__
                got = f"expected an event such as world.timeout(1), got {target!r}"
                self._generator.close()
                self.fail(TypeError(f"{name}: yield: {got}"))


def _expect_seconds(name: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TypeError(f"{name}: expected a number of seconds, got {given!r:.60}")
    seconds = float(given)
    if not 0 <= seconds <= LONGEST_S:
        limits = "of 0 or more" if seconds < 0 else f"from 0 to {LONGEST_S:g}"
        raise ValueError(f"{name}: expected seconds {limits}, got {seconds!r}")


def expect_virtual(ndis: Ndis) -> None:
    """Raises ``ValueError`` for a world in real or adversarial time, whose clock others set."""
    if not hasattr(ndis, "now_ns"):
        raise TypeError(f"ndis: expected an Ndis, got {ndis!r:.60}")
    if ndis._kind != "virtual":  # noqa: SLF001  (who else asks knows what time it gave)
        raise ValueError(
            f"ndis: expected a world in virtual time, whose clock processes can share, got {ndis!r}; elsewhere"
            " ndis.spawn(function) runs a thread, and ndis.wait(done) waits"
        )


class World:
    """The clock that processes and an ``Ndis`` in virtual time share.

    Raises ``ValueError`` for an ``Ndis`` in another kind of time.

    >>> from ndiswan.processes import World
    >>> with nw.Ndis() as ndis:
    ...     world = World(ndis)
    ...     world.call_at(500_000_000, lambda: print(world.now))
    ...     world.run()
    0.5
    """

    def __init__(self, ndis: Ndis) -> None:
        expect_virtual(ndis)
        self.ndis = ndis
        self._calls: list[tuple[int, int, Callable[[], object]]] = []
        self._age = 0

    @property
    def now(self) -> float:
        """The time in seconds."""
        return self.ndis.now

    @property
    def now_ns(self) -> int:
        """The time in nanoseconds."""
        return self.ndis.now_ns

    def call_at(self, time_ns: int, function: Callable[[], object]) -> None:
        """Call ``function`` at a time in nanoseconds, at once if that is over; who asked first goes first."""
        if not callable(function):
            raise TypeError(f"function: expected something to call, got {function!r:.60}")
        self._age += 1
        heapq.heappush(self._calls, (max(time_ns, self.now_ns), self._age, function))

    def event(self) -> Event:
        """An event that somebody makes happen."""
        return Event(self)

    def timeout(self, seconds: float, value: object = None) -> Event:
        """An event that happens so many seconds from now. Raises ``ValueError`` if that is less than 0."""
        _expect_seconds("seconds", seconds)
        event = Event(self)
        self.call_at(self.now_ns + round(seconds * 1e9), lambda: event.succeed(value))
        return event

    def process(self, generator: Generator[Event, Any, Any]) -> Process:
        """Start a generator; it runs first when the world does."""
        if not isinstance(generator, Generator):
            raise TypeError(f"expected a generator, got {generator!r}; call the function")
        return Process(self, generator)

    def run(self, until: float | None = None) -> None:
        """Run until nothing is left to do, or up to ``until`` seconds, what happens then included.

        Raises what a process or a callback raises.
        """
        if until is not None:
            _expect_seconds("until", until)
        end = None if until is None else round(until * 1e9)
        while True:
            due = self._calls[0][0] if self._calls else None
            if due is None or (end is not None and due > end):
                if not self.ndis.run(until, max_events=1):
                    return
            elif not self.ndis.run(due / 1e9, max_events=1):
                heapq.heappop(self._calls)[2]()


class Sender(Protocol):
    """A protocol whose sends are events: ``status = yield sender.send(link, data)``.

    ``world`` is a `World` or a ``simpy`` environment. Subclass it to hear more.

    >>> from ndiswan.processes import Sender, World
    >>> with nw.Ndis() as ndis:
    ...     world = World(ndis)
    ...     sender = Sender(world)
    ...     link = ndis.bind(sender, models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     event = sender.send(link, b"hello")
    ...     world.run()
    >>> event.value.name
    'SUCCESS'
    """

    def __init__(self, world: Any) -> None:
        self.world = world

    def send(self, link: Link, data: bytes) -> Any:
        """Send a packet; the event happens when it is back, with its final status."""
        event = self.world.event()
        packet = link.packet(data)
        packet.protocol_reserved[0] = event
        status = link.send(packet)
        if status is not Status.PENDING:
            event.succeed(status)
        return event

    def send_complete(self, packet: Packet, status: Status) -> None:
        """The packet is back: who waits for it goes on. Nobody waits for what somebody else sent on the link."""
        succeed = getattr(packet.protocol_reserved[0], "succeed", None)
        if succeed is not None:
            succeed(status)
