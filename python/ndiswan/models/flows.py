"""Traffic: when packets come, and how large they are."""

from abc import abstractmethod
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ndiswan._native import read_sizes
from ndiswan.models._parameters import Parameters, column, real, whole
from ndiswan.models.durations import Constant, Duration
from ndiswan.models.sizes import Cycle, Fixed, size_of

#: Packets a second: one in a hundred years, and a thousand in a nanosecond.
SLOWEST, FASTEST = 3.2e-10, 1e12
#: The longest run, in nanoseconds.
LONGEST_NS = 4.6e18


@dataclass(frozen=True, kw_only=True, eq=False)
class Flow(Parameters):
    """One flow of packets.

    ``size``: bytes, a list of them, or a distribution (`Fixed`, `UniformSize`, `ExponentialSize`, `Mix`, `Cycle`).
    ``start_ns``: nothing comes before. ``packets``: no more than so many. ``traffic_class``: for queues with classes; 0
    goes first.

    >>> flow = models.Cbr(rate_pps=100, size=500, start_ns=1_000_000, packets=10)
    >>> isinstance(flow, models.Flow), flow.packets
    (True, 10)
    """

    part: ClassVar[str] = "traffic"
    size: Any
    start_ns: int = 0
    packets: int | None = None
    traffic_class: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", size_of(self.size))
        super().__post_init__()
        whole("traffic_class", self.traffic_class, 0, 255)

    def _called(self, at: str) -> str:
        name = super()._called(at).removeprefix("arrivals.")
        field, dot, inner = name.partition(".")
        part = getattr(self, field, None)
        if dot and isinstance(part, Duration) and not hasattr(part, inner):
            # What the engine needs of each duration, which not each is written by.
            return f"{field}.ns" if isinstance(part, Constant) else f"{field}.high_ns"
        return name

    def _seen(self) -> dict[str, Any]:
        return {**self.to_dict(), "size": Fixed(1).to_dict()}  # which was looked at already

    @abstractmethod
    def _arrivals(self) -> dict[str, Any]:
        """When they come, as plain data, without the kind."""

    def to_dict(self) -> dict[str, Any]:
        """The flow as plain data."""
        return {
            "arrivals": {"kind": self.kind, **self._arrivals()},
            "size": self.size.to_dict(),
            "start_ns": self.start_ns,
            "packets": self.packets,
            "class": self.traffic_class,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Cbr(Flow):
    """At a constant rate of ``rate_pps`` packets a second.

    >>> flow = models.Cbr(rate_pps=100, size=500)
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> int(models.simulate(link, until=10).columns["sent"][0])
    1001
    """

    kind: ClassVar[str] = "constant"
    rate_pps: float

    def _arrivals(self) -> dict[str, Any]:
        return {"interval_ns": _interval("Cbr.rate_pps", self.rate_pps)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Poisson(Flow):
    """A Poisson process of ``rate_pps`` packets a second.

    >>> flow = models.Poisson(rate_pps=100, size=500)
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> int(models.simulate(link, until=10).columns["sent"][0])
    938
    """

    kind: ClassVar[str] = "poisson"
    rate_pps: float

    def _arrivals(self) -> dict[str, Any]:
        return {"mean_ns": _interval("Poisson.rate_pps", self.rate_pps)}


@dataclass(frozen=True, kw_only=True, eq=False)
class OnOff(Flow):
    """``rate_pps`` packets a second while it is on, none while it is off; ``on`` and ``off`` are durations.

    With `Pareto` ones many such flows together are self-similar (Willinger and others, 1997).

    >>> flow = models.OnOff(
    ...     rate_pps=100, size=500, on=models.Constant(1e9), off=models.Constant(4e9)
    ... )
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> int(models.simulate(link, until=10).columns["sent"][0])
    201
    """

    kind: ClassVar[str] = "on_off"
    rate_pps: float
    on: Duration
    off: Duration

    def _arrivals(self) -> dict[str, Any]:
        interval_ns = _interval("OnOff.rate_pps", self.rate_pps)
        return {"on": self.on.to_dict(), "off": self.off.to_dict(), "interval_ns": interval_ns}


@dataclass(frozen=True, kw_only=True, eq=False)
class Mmpp(Flow):
    """A Poisson process whose rate is that of the state of a Markov chain (Fischer and Meier-Hellstern, 1993).

    ``rates_pps``: packets a second in each state. ``transitions_per_s``: from each state (row) to each other; the
    diagonal is not looked at. It begins in the first state.

    >>> flow = models.Mmpp(rates_pps=[10, 100], transitions_per_s=[[0, 1], [2, 0]], size=500)
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> int(models.simulate(link, until=10).columns["sent"][0])
    204
    """

    kind: ClassVar[str] = "mmpp"
    says: ClassVar[dict[str, str]] = {"arrivals.transitions_per_s": "transitions_per_s"}
    rates_pps: Any
    transitions_per_s: Any

    def _arrivals(self) -> dict[str, Any]:
        rates = [real(f"Mmpp.rates_pps[{n}]", rate) for n, rate in enumerate(self.rates_pps)]
        rows = [
            [
                # A generator matrix has minus the sum of its row on the diagonal; nobody looks at it.
                0.0 if n == m else real(f"Mmpp.transitions_per_s[{n}][{m}]", rate)
                for m, rate in enumerate(row)
            ]
            for n, row in enumerate(self.transitions_per_s)
        ]
        return {"rates_pps": rates, "transitions_per_s": rows}


@dataclass(frozen=True, kw_only=True, eq=False)
class ClosedLoop(Flow):
    """``window`` packets go round: each is sent again when it is back and was thought about for ``think``.

    >>> flow = models.ClosedLoop(window=2, size=500, think=models.Constant(1e6))
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> int(models.simulate(link, until=10).columns["sent"][0])
    1281
    """

    kind: ClassVar[str] = "closed_loop"
    says: ClassVar[dict[str, str]] = {"arrivals.packets": "window"}
    window: int
    think: Duration | None = None

    def _arrivals(self) -> dict[str, Any]:
        think = None if self.think is None else self.think.to_dict()
        return {"packets": self.window, "think": think}


@dataclass(frozen=True, kw_only=True, eq=False)
class Saturating(Flow):
    """There is always one more packet to send.

    >>> flow = models.Saturating(size=500)
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> int(models.simulate(link, until=10).columns["sent"][0])
    1284
    """

    kind: ClassVar[str] = "saturating"

    def _arrivals(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay(Flow):
    """Packets at ``times_ns``, ascending, with the sizes of ``size`` (a list, or a distribution).

    >>> flow = models.Replay(times_ns=[0, 1_000_000, 5_000_000], size=[40, 1500, 40])
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> int(models.simulate(link, until=10).columns["sent"][0])
    3
    """

    kind: ClassVar[str] = "at"
    part: ClassVar[str] = ""  # its times may be many
    #: Of one that was made of a capture its path.
    capture: ClassVar[str | None] = None
    times_ns: Any = field(default=())

    def __post_init__(self) -> None:
        super().__post_init__()
        times = column("Replay.times_ns", self.times_ns)
        back = np.flatnonzero(times[1:] < times[:-1])
        if back.size:
            at = int(back[0]) + 1
            raise ValueError(
                f"Replay.times_ns[{at}]: expected ascending times, got {times[at]} after {times[at - 1]}"
            )
        object.__setattr__(self, "times_ns", times)

    @classmethod
    def from_capture(
        cls, path: str | PathLike[str], *, gaps: float = 1.0, cut: bool = False, **other: Any
    ) -> "Replay":
        """The frames of a pcap or pcapng file: their sizes on the line, and their times from the first frame on.

        ``gaps``: how much longer each gap is than in the file; 0.5 is twice as fast. ``cut``: a file that ends in the
        middle of a packet, since its recorder was ended, is taken up to there. What the file has out of order is put in
        order. ``other``: fields of a flow. Raises ``OSError`` for a file that cannot be read, ``ValueError`` for
        one that is no capture, has no frame, or has an empty one, and for gaps that are too long for a run.
        """
        if not isinstance(path, (str, PathLike)):
            raise TypeError(f"path: expected the path of a capture, got {path!r:.60}")
        factor = real("gaps", gaps)
        times, sizes = (np.frombuffer(column, np.uint64) for column in read_sizes(path, cut=cut))
        if not times.size:
            raise ValueError(f"{path}: expected a capture with frames, got none")
        if not sizes.all():
            raise ValueError(
                f"{path}: expected frames of at least 1 byte, got an empty one, number {int(np.argmin(sizes)) + 1}"
            )
        order = np.argsort(times, kind="stable")
        since = times[order] - times.min()
        if float(since[-1]) * factor > LONGEST_NS:
            most = LONGEST_NS / float(since[-1])
            raise ValueError(
                f"gaps: expected at most {most:.3g}, since a run is no longer than 146 years, got {gaps:g}"
            )
        if factor != 1.0:
            since = np.rint(since * factor).astype(np.uint64)
        flow = cls(times_ns=since, size=Cycle(sizes[order]), **other)
        object.__setattr__(flow, "capture", str(Path(path).absolute()))
        return flow

    def _other(self) -> tuple[str, ...]:
        return ("times_ns",)

    def _arrivals(self) -> dict[str, Any]:
        return {"times_ns": self.times_ns.tolist()}


def _interval(where: str, rate_pps: float) -> float:
    """Nanoseconds from one packet to the next. A hundred years are the longest."""
    if not rate_pps > 0:
        raise ValueError(f"{where}: expected more than 0 packets a second, got {rate_pps!r}")
    if not SLOWEST <= rate_pps <= FASTEST:
        raise ValueError(
            f"{where}: expected {SLOWEST:g} to {FASTEST:g} packets a second, got {rate_pps!r}"
        )
    return 1e9 / rate_pps
