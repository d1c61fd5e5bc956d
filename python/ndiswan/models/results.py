"""What was measured: a row for each link and replication, a histogram for each stage, a record for each packet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ndiswan.models import summary
from ndiswan.models.intervals import over_replications
from ndiswan.models.measured import STAGES, Measured, columns_of
from ndiswan.models.stages import Column, Stage, Stages, merged
from ndiswan.models.statistics import Interval, batch_means
from ndiswan.models.tables import Columns, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndiswan._native import Simulation as _Simulation
    from ndiswan.models.links import Link

BATCHED = 1024
"""Batch means are kept of so many rows: the first ones."""


@dataclass(frozen=True, eq=False)
class Results(Table):
    """What was measured.

    ``columns``: NumPy arrays with a row for each replication and link: which (``link``, ``replication``), what was
    counted, and what follows from it (``throughput_bps``, ``goodput_bps``, ``utilisation``; how many packets were with
    the miniport and waited for it on average over time: ``outstanding``, ``queued``, ``window_occupancy``; ``dropped``,
    ``dropped_share``, ``lost_share``; ``miniport_share``, of a packet's time from the offer to the hand-back). Of each
    stage (``queued``, ``miniport``, ``latency``, ``delivery``) it has mean, median and 99th percentile, such as
    ``latency_p99_ns``; links that are many alike (``count``) share theirs.

    ``stages``: for each name of a link and each stage a `Stage`, all replications together. ``packets``: the records as
    columns, empty without ``detail="packets"``. ``batches``: of each of the first 1,024 rows the means of equal batches
    of latencies in nanoseconds. ``digest``: the fingerprint of all events. ``missed``: columns whose interval was still
    too wide when ``max_replications`` was reached, with their relative half-width.

    >>> results = models.simulate(
    ...     models.Link(
    ...         traffic=models.Cbr(rate_pps=100, size=500), line=models.Line(rate_bps=512_000)
    ...     ),
    ...     until=10,
    ... )
    >>> int(results.columns["sent"][0])
    1001
    >>> len(results)
    1
    """

    names: tuple[str, ...]
    windows: tuple[int, ...]
    measured: Measured
    packets: dict[str, Column] = field(default_factory=dict)
    batches: list[Column] = field(default_factory=list)
    digest: str | None = None
    confidence: float = 0.95
    missed: dict[str, float] = field(default_factory=dict)

    @property
    def replications(self) -> int:
        """How many there are."""
        return self.measured.groups // len(self.names)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """NumPy arrays with a row for each replication and link."""
        specs, replications = len(self.names), self.replications
        replication = np.repeat(np.arange(replications), specs)
        window = np.tile(np.array(self.windows, np.float64), replications)
        found = columns_of(self.measured, replication, window)
        return {"link": np.array(self.names)[self.measured.group % specs], **found}

    @cached_property
    def stages(self) -> dict[str, dict[str, Stage]]:
        """For each name of a link and each stage all its packets."""
        return {name: self[name] for name in self.names}

    def __getitem__(self, name: str) -> dict[str, Stage]:
        """The stages of the link with this name, all replications together."""
        return Stages({stage: self.stage(name, stage) for stage in STAGES})

    def stage(self, link: str, stage: str, replication: int | None = None) -> Stage:
        """One stage of a link, of all replications or of one. Raises ``KeyError`` for a name that is not there."""
        for what, name, known in (
            ("the name of a link", link, self._numbers),
            ("a stage", stage, STAGES),
        ):
            if name not in known:
                raise KeyError(f"expected {what} ({', '.join(known)}), got {name!r}")
        first, specs = self._numbers[link], len(self.names)
        if replication is not None:
            if replication not in range(-self.replications, self.replications):
                raise IndexError(
                    f"replication: expected one of {self.replications}, counted from 0, got {replication!r}"
                )
            return self.measured.stage(range(self.replications)[replication] * specs + first, stage)
        groups = range(first, self.measured.groups, specs)
        return merged([self.measured.stage(group, stage) for group in groups])

    @cached_property
    def means(self) -> Columns:
        """A table with a row for each name of a link: ``NAME`` and ``NAME_half_width`` of each column that measures.

        The mean over replications, and half of its confidence interval (Student's t). Of one replication only the mean
        latency has an interval, by batch means, if it is of one link and not of many alike.
        """
        specs = len(self.names)
        found = over_replications(
            self.columns, self.measured.group % specs, self.replications, self.confidence
        )
        if self.replications == 1:
            # Only the first rows have batches: of many thousand links the others need not be looked at.
            for n in range(min(specs, len(self.batches))):
                found["latency_mean_ns_half_width"][n] = self._of_batches(n).half_width
        rows = np.full(specs, self.replications)
        return Columns({"link": np.array(self.names), "replications": rows, **found})

    def interval(self, column: str, link: str | None = None) -> Interval:
        """The mean of a column over replications with its confidence interval; of which ``link``, if there are several.

        Raises ``KeyError`` for a column or a link that is not there.
        """
        means = self.means.columns
        column = column_named(column, self.columns)
        if column not in means or means[column].dtype.kind not in "iuf":
            raise KeyError(f"expected a column that measures, got {column!r}")
        if link is None and len(self.names) > 1:
            raise KeyError(
                f"link: expected one of {', '.join(self.names)}, since there are several"
            )
        if link is not None and link not in self._numbers:
            raise KeyError(f"link: expected one of {', '.join(self.names)}, got {link!r}")
        at = 0 if link is None else self._numbers[link]
        mean, width = float(means[column][at]), float(means[f"{column}_half_width"][at])
        if self.replications > 1:
            return Interval(mean, width, self.replications, self.confidence, "replications")
        if column == "latency_mean_ns":
            return self._of_batches(at)
        return Interval(mean, width, 1, self.confidence, "none")

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.names)}

    def _of_batches(self, spec: int) -> Interval:
        row, end = np.searchsorted(self.measured.group, [spec, spec + 1])
        mean = float(self.columns["latency_mean_ns"][row])
        kept = self.batches[row] if end - row == 1 and row < len(self.batches) else ()
        return batch_means(kept, mean, self.confidence)

    def __str__(self) -> str:
        return summary.as_text(self)

    def _repr_html_(self) -> str:
        return summary.as_html(self)


def column_named(name: str, columns: dict[str, Column]) -> str:
    """A column as users write it: "latency" is the mean of that stage. Raises ``KeyError`` for another."""
    if name in STAGES and name != "queued":
        return f"{name}_mean_ns"
    if name not in columns:
        raise KeyError(f"expected a column ({', '.join(columns)}), got {name!r}")
    return name


def names_of(links: Sequence[Link]) -> list[str]:
    """What results call the links: their names, or "link" and a number."""
    names = [link.name or f"link{n}" for n, link in enumerate(links)]
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"links: expected a name for each link, got {twice[0]!r} twice")
    return names


def read(native: _Simulation, links: Sequence[Link]) -> Results:
    """The results of a simulation as they stand."""
    digest = native.digest
    return Results(
        tuple(names_of(links)),
        tuple(link.window for link in links),
        Measured.read(native),
        {name: np.frombuffer(data, np.uint64) for name, data in native.packets().items()},
        [np.frombuffer(means, np.float64) for means, _ in native.batches(BATCHED)],
        None if digest is None else f"{digest:016x}",
    )
