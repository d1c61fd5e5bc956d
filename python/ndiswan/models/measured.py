"""What the engine measured, flat: few long arrays, which are read, sent to other processes and kept in files so.

A *row* is a link in a replication. A *group* is a spec in a replication: the links that one `Link` with a ``count``
stands for, whose packets are in the same histograms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ndiswan.models.stages import Column, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndiswan._native import Simulation as _Simulation

STAGES = ("queued", "miniport", "latency", "delivery")
"""The stages of a packet's way, in the order of the engine."""

# Sums over packets and time, which may be larger than a word.
WIDE = ("outstanding_ns", "queued_ns")
QUANTILES = {"p50": 0.5, "p99": 0.99}
# What `totals` has of a histogram.
COUNT, SUM, SUM_HIGH, MIN, MAX, BUCKETS = range(6)


@dataclass(frozen=True, eq=False)
class Measured:
    """Counters of rows, histograms of groups; a group's rows are together, replication after replication.

    ``counters``: for each counter an array with a value a row. ``group``: which group a row is of. ``totals``: uint64,
    (groups, stages, 6): count, low and high word of the sum, min, max, number of buckets. ``buckets``: uint64,
    (buckets, 3): low, width, count.

    >>> results = models.simulate(
    ...     models.Link(
    ...         traffic=models.Cbr(rate_pps=100, size=500), line=models.Line(rate_bps=512_000)
    ...     ),
    ...     until=10,
    ... )
    >>> int(results.measured.counters["sent"][0])
    1001
    """

    counters: dict[str, Column]
    group: Column
    totals: Column
    buckets: Column

    @staticmethod
    def read(native: _Simulation) -> Measured:
        """What a simulation has measured up to now."""
        counters = {
            name: np.frombuffer(data, np.float64 if name in WIDE else np.uint64)
            for name, data in native.counters().items()
        }
        group = counters.pop("spec").astype(np.int64)
        names, totals, buckets = native.histograms()
        if tuple(names) != STAGES:
            raise RuntimeError(
                f"expected an engine with the stages {STAGES}, got {names}; install ndiswan again"
            )
        shaped = np.frombuffer(totals, np.uint64).reshape(-1, len(STAGES), 6)
        return Measured(counters, group, shaped, np.frombuffer(buckets, np.uint64).reshape(-1, 3))

    @staticmethod
    def together(parts: Sequence[Measured]) -> Measured:
        """One after the other; groups are numbered on."""
        if len(parts) == 1:
            return parts[0]
        before = np.cumsum([0, *(part.groups for part in parts)])
        group = [part.group + first for part, first in zip(parts, before, strict=False)]
        return Measured(
            {
                name: np.concatenate([part.counters[name] for part in parts])
                for name in parts[0].counters
            },
            np.concatenate(group),
            np.concatenate([part.totals for part in parts]),
            np.concatenate([part.buckets for part in parts]),
        )

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.totals)

    def part(self, first: int, end: int) -> Measured:
        """Only the groups from ``first`` to ``end``."""
        rows = slice(*np.searchsorted(self.group, [first, end]))
        kept = self.totals[:, :, BUCKETS].sum(axis=1)
        buckets = slice(int(kept[:first].sum()), int(kept[:end].sum()))
        counters = {name: column[rows] for name, column in self.counters.items()}
        return Measured(
            counters, self.group[rows] - first, self.totals[first:end], self.buckets[buckets]
        )

    def stage(self, group: int, name: str) -> Stage:
        """The histogram of a group and a stage."""
        at = STAGES.index(name)
        count, low, high, least, most, some = self.totals[group, at].tolist()
        end = int(self._ends[group * len(STAGES) + at])
        buckets = self.buckets[end - some : end]
        return Stage(count, low + (high << 64), least, most, *buckets.T)

    def stage_columns(self) -> dict[str, Column]:
        """For each stage the mean and the quantiles of each group, in nanoseconds; NaN of no packet."""
        columns: dict[str, Column] = {}
        passed = np.cumsum(self.buckets[:, 2], dtype=np.uint64)
        ends = self._ends.reshape(-1, len(STAGES))
        for at, stage in enumerate(STAGES):
            total = self.totals[:, at]
            some = total[:, COUNT] > 0
            count = np.where(some, total[:, COUNT], 1).astype(np.float64)
            sums = total[:, SUM] + total[:, SUM_HIGH] * 2.0**64
            columns[f"{stage}_mean_ns"] = np.where(some, sums / count, np.nan)
            starts = ends[:, at] - total[:, BUCKETS].astype(np.int64)
            before = np.where(starts > 0, passed[starts - 1] if passed.size else 0, 0)
            for name, q in QUANTILES.items():
                rank = np.maximum(1, np.ceil(q * count)).astype(np.uint64)
                found = np.searchsorted(passed, before.astype(np.uint64) + rank)
                value = np.full(len(total), np.nan)
                low, width = self.buckets[found[some], :2].T
                middle = (low + width // np.uint64(2)).astype(np.float64)
                value[some] = np.clip(middle, total[some, MIN], total[some, MAX])
                columns[f"{stage}_{name}_ns"] = value
        return columns

    @cached_property
    def _ends(self) -> Column:
        """Where in `buckets` those of each group and stage end."""
        return np.cumsum(self.totals[:, :, BUCKETS].ravel().astype(np.int64))


def columns_of(measured: Measured, replication: Column, window: Column) -> dict[str, Column]:
    """What is derived for each row, and the counters. ``window``: of each group, as ``replication`` is."""
    raw, group = measured.counters, measured.group
    nanoseconds = np.maximum(raw["elapsed_ns"], 1)
    columns: dict[str, Column] = {"replication": replication[group]}
    columns |= {name: column for name, column in raw.items() if name not in WIDE}
    columns["dropped"] = raw["dropped_full"] + raw["dropped_early"]
    columns["throughput_bps"] = raw["sent_bytes"] * 8 / (nanoseconds / 1e9)
    columns["goodput_bps"] = raw["received_bytes"] * 8 / (nanoseconds / 1e9)
    columns["utilisation"] = raw["busy_ns"] / nanoseconds
    columns["outstanding"] = raw["outstanding_ns"] / nanoseconds
    columns["queued"] = raw["queued_ns"] / nanoseconds
    columns["window_occupancy"] = columns["outstanding"] / window[group]
    columns["dropped_share"] = _share(columns["dropped"], raw["offered"])
    columns["lost_share"] = _share(raw["lost"], raw["received"] + raw["lost"])
    stages = measured.stage_columns()
    with np.errstate(invalid="ignore", divide="ignore"):
        owned = stages["miniport_mean_ns"] / stages["latency_mean_ns"]
    columns["miniport_share"] = owned[group]
    return columns | {name: column[group] for name, column in stages.items()}


def _share(part: Column, whole: Column) -> Column:
    """A part of a whole; 0 of nothing."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
