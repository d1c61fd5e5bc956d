"""The kinds of time in which the same driver runs."""

from __future__ import annotations

from ndiswan.given import SEEDS, flag, seconds, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan._native import Explorer


class VirtualTime:
    """Simulated time: :meth:`Ndis.run` takes the next event and sets the clock to it.

    Nothing happens by itself, everything happens in the order of time, priority and age, and a
    run is as fast as the machine.

    >>> with nw.Ndis(time=nw.VirtualTime()) as ndis:
    ...     events = ndis.run(until=3600)  # an hour, at once
    ...     ndis.now
    3600.0
    """

    kind = "virtual"

    def __repr__(self) -> str:
        return "VirtualTime()"


class RealTime:
    """The machine's clock: timers and DPCs run on a dispatcher thread, drivers may have their own.

    >>> with nw.Ndis(time=nw.RealTime()) as ndis:
    ...     ndis.run(until=0.01) >= 0 and ndis.now >= 0.01
    True
    """

    kind = "real"

    def __repr__(self) -> str:
        return "RealTime()"


class AdversarialTime:
    """Simulated time in which an explorer decides who goes on, and what goes wrong.

    All virtual CPUs run on the thread that made the :class:`Ndis`. At each call of a driver something
    else may happen first: another CPU goes on, an interrupt, a DPC, a timer, a delivery. The same
    answers give the same events. One ``Ndis`` is one execution; :func:`explore` runs many.

    Parameters
    ----------
    seed:
        Of an explorer made for this one execution.
    explorer:
        Its name, one of those of :func:`explore`, an explorer that is asked in several executions, or the
        answers themselves: bytes, each of them one answer modulo how many there are, or the pairs of a
        replay token.
    cpus:
        Virtual CPUs, 1 to 32. CPU 0 is the caller; each thread that is spawned brings one more.
    policies:
        Whether the switches of ``Policy`` are chosen, too.
    latency:
        The longest, in seconds of the clock, that what is due waits for its turn.
    max_points:
        After so many points the plain thing happens; after twice as many the driver is cut off.

    Raises
    ------
    TypeError, ValueError
        When it is used: there is no such explorer, or ``seed``, ``cpus``, ``latency`` or ``max_points`` is out of
        range.

    Examples
    --------
    >>> with nw.Ndis(time=nw.AdversarialTime(explorer=bytes([2]))) as ndis:
    ...     ndis.choose(3, what="which of three")
    2
    """

    kind = "adversarial"

    def __init__(
        self,
        seed: int = 0,
        *,
        explorer: str | bytes | list[tuple[int, int]] | Explorer = "random",
        cpus: int = 2,
        policies: bool = False,
        latency: float = 0.5,
        max_points: int = 20_000,
    ) -> None:
        self.seed = seed
        self.explorer = explorer
        self.cpus = cpus
        self.policies = policies
        self.latency = latency
        self.max_points = max_points

    def settings(self) -> tuple[Explorer, int, bool, int, int]:
        """What the engine is told: explorer, CPUs, policies, latency in nanoseconds, points."""
        from ndiswan._native import Explorer

        whole("cpus", self.cpus, 1, 32)
        flag("policies", self.policies)
        whole("max_points", self.max_points, 1, SEEDS)
        latency = round(seconds("latency", self.latency) * 1e9)
        explorer = self.explorer
        if isinstance(explorer, str):
            explorer = Explorer(explorer, whole("seed", self.seed, 0, SEEDS))
        elif isinstance(explorer, bytes):
            explorer = Explorer.of_bytes(explorer)
        elif isinstance(explorer, list):
            try:
                explorer = Explorer.replay(explorer)
            except (TypeError, ValueError, OverflowError) as error:
                raise TypeError(
                    f"explorer: expected pairs of how many answers there are and which it is, got {explorer!r:.200}"
                ) from error
        if not isinstance(explorer, Explorer):
            raise TypeError(
                f"explorer: expected the name of one, an explorer, bytes, or a list of pairs, got {explorer!r}"
            )
        return explorer, self.cpus, self.policies, latency, self.max_points

    def __repr__(self) -> str:
        return f"AdversarialTime(seed={self.seed}, explorer={self.explorer!r}, cpus={self.cpus})"
