"""How long packets were in one stage of their way: a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Column = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Stage:
    """How long packets were in one stage, in nanoseconds: exact count, sum, least, most; buckets exact to 1 part in 64.

    ``low``, ``width`` and ``counts`` are the buckets that are not empty: smallest value, number of values, packets.

    >>> results = models.simulate(
    ...     models.Link(
    ...         traffic=models.Cbr(rate_pps=100, size=500), line=models.Line(rate_bps=512_000)
    ...     ),
    ...     until=10,
    ... )
    >>> stage = results.stages["link0"]["latency"]
    >>> stage.count, stage.mean / 1e6
    (1000, 7.8125)
    """

    count: int
    sum: int
    min: int
    max: int
    low: Column
    width: Column
    counts: Column

    @property
    def mean(self) -> float:
        """The exact mean; NaN of no packet."""
        return self.sum / self.count if self.count else float("nan")

    def quantile(self, q: float) -> float:
        """The time that the share ``q`` of the packets did not exceed; within 1 part in 128, NaN of no packet."""
        if not 0 <= q <= 1:
            raise ValueError(f"q: expected a share from 0 to 1, got {q!r}")
        if not self.count:
            return float("nan")
        if q in {0, 1}:
            return float(self.max if q else self.min)
        at = int(np.searchsorted(np.cumsum(self.counts), max(1, np.ceil(q * self.count))))
        return float(np.clip(self.low[at] + self.width[at] // 2, self.min, self.max))

    def cdf(self) -> tuple[Column, Column]:
        """Times in nanoseconds, and the share of packets that did not exceed each."""
        times = np.minimum(self.low + self.width - 1, self.max)
        return times, np.cumsum(self.counts) / self.count

    def merged(self, *others: Stage) -> Stage:
        """All together."""
        for n, other in enumerate(others):
            if not isinstance(other, Stage):
                raise TypeError(f"others[{n}]: expected a Stage, got {other!r:.60}")
        return merged([self, *others])


class Stages(dict[str, Stage]):
    """The stages of a link by name. Raises ``KeyError`` with those that there are for another."""

    def __missing__(self, name: object) -> Stage:
        raise KeyError(f"expected a stage ({', '.join(self)}), got {name!r:.60}")


def merged(stages: Sequence[Stage]) -> Stage:
    """Several together: as if one histogram had counted for all. Raises ``ValueError`` for none."""
    if not stages:
        raise ValueError("stages: expected one or more to merge, got none")
    some = [stage for stage in stages if stage.count]
    if len(some) <= 1:
        return some[0] if some else stages[0]
    low, first, where = np.unique(
        np.concatenate([stage.low for stage in some]), return_index=True, return_inverse=True
    )
    counts = np.zeros(low.size, np.uint64)
    np.add.at(counts, where.ravel(), np.concatenate([stage.counts for stage in some]))
    # Two buckets that begin at the same value are the same bucket.
    width = np.concatenate([stage.width for stage in some])[first]
    return Stage(
        sum(stage.count for stage in some),
        sum(stage.sum for stage in some),
        min(stage.min for stage in some),
        max(stage.max for stage in some),
        low,
        width,
        counts,
    )


def stage_of(data: dict[str, Any]) -> Stage:
    """A stage from what the engine says of it."""
    buckets = {k: np.frombuffer(data[k], np.uint64) for k in ("low", "width", "counts")}
    return Stage(data["count"], data["sum"], data["min"], data["max"], **buckets)
