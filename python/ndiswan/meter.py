"""What goes over a link of one's own drivers, measured by the engine: how much, and how long each stage took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan._native import measured
from ndiswan.models.stages import Stage, Stages, stage_of
from ndiswan.shown import Shown

if TYPE_CHECKING:
    import ndiswan
    from ndiswan.status import Status


class Meter(Shown):
    """What a link has measured since ``link.measure()``, which makes it; each look is at the present state.

    It works in every kind of time, for drivers in Python, in C and built-in ones, one packet a call or many. Bytes are
    those of the frames, times are of the world's clock. Averages over time are sums over packets (Little, Operations
    Research, 1961).

    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), Instant())
    ...     meter = link.measure()
    ...     answers = [link.send(100) for _ in range(3)]
    >>> meter.counters["succeeded"], meter.statuses, meter.stages["latency"].mean
    (3, {<Status.SUCCESS: 0x00000000>: 3}, 0.0)
    """

    def __init__(self, link: ndiswan.Link) -> None:
        self.link = link

    @property
    def counters(self) -> dict[str, int]:
        """Counters by name.

        ``offered``: sends that were taken, and ``offered_bytes``; ``succeeded``: packets back with SUCCESS, and
        ``succeeded_bytes``; ``most_outstanding``: the most that were in the window at once, with the miniport or on
        their way back. In packet-nanoseconds, over time: ``outstanding_ns``, packets in the window, and ``queued_ns``,
        those that waited in NDIS.
        """
        return measured(self.link)[0]

    @property
    def statuses(self) -> dict[Status, int]:
        """How many packets came back with which final status."""
        return measured(self.link)[1]

    @property
    def stages(self) -> dict[str, Stage]:
        """How long packets took that are back, in nanoseconds, a `ndiswan.models.Stage` each.

        ``queued``: from the send to MiniportWanSend; ``miniport``: to the completion; ``hand_back``: to
        ProtocolSendComplete; ``latency``: all of it. What went back without having been with the miniport, as at a
        reset, has the first and the last.
        """
        stages = measured(self.link)[2]
        return Stages((name, stage_of(data)) for name, data in stages.items())

    @property
    def elapsed(self) -> float:
        """For how long it has measured, in seconds."""
        return measured(self.link)[3] / 1e9

    @property
    def throughput_bps(self) -> float:
        """Bits a second that came back with SUCCESS; NaN while no time has passed."""
        counters, _, _, elapsed = measured(self.link)
        return _over(counters["succeeded_bytes"] * 8e9, elapsed)

    @property
    def mean_outstanding(self) -> float:
        """How many packets were in the window, on average over time."""
        counters, _, _, elapsed = measured(self.link)
        return _over(counters["outstanding_ns"], elapsed)

    @property
    def mean_queued(self) -> float:
        """How many packets waited in NDIS, on average over time."""
        counters, _, _, elapsed = measured(self.link)
        return _over(counters["queued_ns"], elapsed)

    def __repr__(self) -> str:
        counters, _, _, elapsed = measured(self.link)
        back = f"{counters['succeeded']:,} of {counters['offered']:,} packets succeeded"
        return f"<Meter of {self.link!r}: {back} in {elapsed / 1e9:g} s>"


def _over(total: float, elapsed: int) -> float:
    return total / elapsed if elapsed else float("nan")
