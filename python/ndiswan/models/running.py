"""A simulation of built-in links: its clock, its runs, its results."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident

import numpy as np

from ndiswan.models._parameters import whole
from ndiswan.models.engine import Detail, build, cores, nanoseconds, plain_links, run
from ndiswan.models.links import Link
from ndiswan.models.results import Results, read
from ndiswan.models.seeds import seed_sequence
from ndiswan.models.stages import Column


def several(links: Link | Sequence[Link]) -> tuple[Link, ...]:
    """One or more links, as a tuple. Raises ``TypeError`` for anything else."""
    found: tuple[Link, ...] = (links,) if isinstance(links, Link) else ()
    if isinstance(links, Iterable):
        found = tuple(links)
    if not found or not all(isinstance(link, Link) for link in found):
        raise TypeError(f"links: expected a models.Link or several, got {links!r:.80}")
    return found


def callable_watch(watch: object) -> None:
    """Raises ``TypeError`` for what cannot be called; a short run would not have seen it."""
    if not (watch is None or callable(watch)):
        raise TypeError(f"watch: expected a function without parameters, got {watch!r:.60}")


class Simulation:
    """Any number of links in virtual time, under the contract, on several cores.

    ``links``: a `Link`, or several. ``seed``: a whole number, or a ``numpy.random.SeedSequence``; the same seed gives
    the same events on every machine and any number of cores. Each link has streams of its own for arrivals, sizes,
    loss, jitter, escapes and the card, so a parameter that is changed changes nobody else's luck. ``threads``: cores
    to use, all by default. ``detail``: "counters"; "digest" adds a fingerprint of all events, "packets" a record of
    each packet, "trace" every event.

    Raises ``ValueError`` for parameters that cannot be, with where they are.

    >>> simulation = models.Simulation(
    ...     models.Link(traffic=models.Saturating(size=1000), line=models.Line(rate_bps=64_000))
    ... )
    >>> ended = simulation.run(10)
    >>> simulation.now
    10.0
    """

    def __init__(
        self,
        links: Link | Sequence[Link],
        *,
        seed: int | np.random.SeedSequence = 0,
        threads: int | None = None,
        detail: Detail = "counters",
    ) -> None:
        self.links = several(links)
        self.threads = cores(threads)
        self._runner: int | None = None
        self._native = build(plain_links(self.links), [seed_sequence(seed)], detail)

    @property
    def now(self) -> float:
        """The time in seconds, of the link that is least advanced."""
        return self.now_ns / 1e9

    @property
    def now_ns(self) -> int:
        """The time in nanoseconds, of the link that is least advanced."""
        return self._native.now_ns

    @property
    def progress(self) -> tuple[int, int, int]:
        """Events so far, links at the end of the run that is on, and all links; from any thread, at any time."""
        return self._native.progress

    @property
    def digest(self) -> str | None:
        """The fingerprint of all events, 16 hexadecimal digits; ``None`` for the detail "counters"."""
        digest = self._native.digest
        return None if digest is None else f"{digest:016x}"

    def run(
        self,
        until: float | None = None,
        *,
        max_events: int | None = None,
        watch: Callable[[], object] | None = None,
    ) -> bool:
        """Run up to ``until`` seconds, or until the traffic ends; true if nothing is left to do.

        A time that is over already runs nothing.

        With ``max_events`` no more than so many events happen, in the order of their times. ``watch`` is called about
        ten times a second from this thread; what it raises pauses the run, as Ctrl-C does, and the run can go on.
        The interpreter is free meanwhile. Raises ``ValueError`` if nothing would end the run.
        """
        until_ns = None if until is None else nanoseconds("until", until)
        callable_watch(watch)
        with self._unless_watched():
            if max_events is None:
                with self._running():
                    return self._native.run(until_ns, self.threads, watch)
            most = whole("max_events", max_events)
            less = self._native.run_events(until_ns, most) < most
            return less or all(self._native.over(None))

    def run_measured(
        self, until_ns: int | None, warmup_ns: int, watch: Callable[[], object] | None = None
    ) -> None:
        """Run the warm-up, `clear`, and run on to the end; times in nanoseconds."""
        callable_watch(watch)
        with self._running():
            run(self._native, until_ns, warmup_ns, self.threads, watch)

    def clear(self) -> None:
        """End the warm-up: counters, histograms and records begin anew, what is in flight stays."""
        with self._unless_watched():
            self._native.clear()

    def events(self, link: int = 0) -> dict[str, Column]:
        """What happened on one link, in order, as columns; empty without the detail "trace".

        ``kind``: 0 sent, 1 completed, 2 dropped, 3 left the card. ``time_ns``: when (of a frame that left: when it
        arrives). ``flow`` and ``number``: which packet. ``status``: the one returned by MiniportWanSend, or that of the
        completion. ``detail``: the bytes of a packet that was sent; when one that left arrives, all ones if it is lost.
        """
        with self._unless_watched():
            trace = self._native.trace(link)
        columns = {name: np.frombuffer(data, np.uint64) for name, data in trace.items()}
        packet = columns.pop("packet")
        return {"flow": packet >> np.uint64(48), "number": packet & np.uint64(2**48 - 1), **columns}

    def results(self) -> Results:
        """What was measured up to now, or since `clear`."""
        with self._unless_watched():
            return read(self._native, self.links)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Note who runs, since that thread calls `watch`."""
        before, self._runner = self._runner, get_ident()
        try:
            yield
        finally:
            self._runner = before

    @contextmanager
    def _unless_watched(self) -> Iterator[None]:
        """What is refused to a `watch` is told as that."""
        watched = self._runner == get_ident()
        try:
            yield
        except RuntimeError as error:
            if not watched:
                raise
            raise RuntimeError(
                "the simulation is running and waits for watch, which called this; `now` and `progress` may be"
                " asked there, and all else when the run has returned"
            ) from error
