"""What a sweep measured: the columns of results, and the parameters of the point before them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ndiswan.models.intervals import over_replications
from ndiswan.models.measured import Measured, columns_of
from ndiswan.models.points import column_of, described
from ndiswan.models.results import Results
from ndiswan.models.summary import quantity
from ndiswan.models.tables import SHOWN, Columns, Table, aligned, html_table

if TYPE_CHECKING:
    from ndiswan.models.stages import Column

POINTS_AT_ONCE = 64

# What the printed table shows of each link of each point.
SHOWN_COLUMNS = {
    "throughput": "throughput_bps",
    "line busy": "utilisation",
    "window used": "window_occupancy",
    "dropped": "dropped_share",
    "latency, mean": "latency_mean_ns",
    "latency, 99 %": "latency_p99_ns",
}


@dataclass(frozen=True, eq=False)
class Sweep(Table):
    """Results at each of several points.

    ``columns``: a row for each point, replication and link: ``point`` (its number), its parameters, then the columns
    that `Results` has. ``means``: a row for each point and name of a link, with the mean over replications and half
    of its confidence interval for each column that measures. ``sweep[n]`` are the `Results` of point ``n``, with its
    histograms; ``sweep.at(window=4)`` those of the point with these parameters.

    >>> def office(rate):
    ...     return models.Link(
    ...         traffic=models.Cbr(rate_pps=rate, size=500), line=models.Line(rate_bps=512_000)
    ...     )
    >>> table = models.sweep(office, {"rate": [50, 100]}, until=10, executor="serial")
    >>> int(table.at(rate=50).columns["sent"][0])
    501
    """

    points: tuple[dict[str, Any], ...]
    names: tuple[tuple[str, ...], ...]
    windows: tuple[tuple[int, ...], ...]
    measured: tuple[Measured, ...]
    replications: int
    confidence: float = 0.95

    def __getitem__(self, number: int) -> Results:
        """The results of the point with this number."""
        return Results(
            self.names[number],
            self.windows[number],
            self.measured[number],
            confidence=self.confidence,
        )

    def at(self, **parameters: Any) -> Results:
        """The results of the point with these parameters. Raises ``KeyError`` if it is not exactly one."""
        found = [
            n
            for n, point in enumerate(self.points)
            if all(name in point and point[name] == value for name, value in parameters.items())
        ]
        if len(found) != 1:
            raise KeyError(f"expected one point with {described(parameters)}, got {len(found)}")
        return self[found[0]]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """NumPy arrays with a row for each point, replication and link."""
        rows = np.repeat(np.arange(len(self.points)), [len(m.group) for m in self.measured])
        links = np.concatenate(
            [
                np.array(names)[measured.group % len(names)]
                for names, measured in zip(self.names, self.measured, strict=True)
            ]
        )
        return {"point": rows, **self._parameters(rows), "link": links, **self._derived}

    @cached_property
    def means(self) -> Columns:
        """A table with a row for each point and name of a link: ``NAME`` and ``NAME_half_width`` of measurements."""
        specs = np.array([len(names) for names in self.names])
        first = np.cumsum(specs) - specs
        group = np.concatenate(
            [
                measured.group % some + begin
                for measured, some, begin in zip(self.measured, specs, first, strict=True)
            ]
        )
        found = over_replications(self._derived, group, self.replications, self.confidence)
        rows = np.repeat(np.arange(len(self.points)), specs)
        links = np.array([name for names in self.names for name in names])
        replications = np.full(len(rows), self.replications)
        head = {"point": rows, **self._parameters(rows), "link": links}
        return Columns({**head, "replications": replications, **found})

    @cached_property
    def _derived(self) -> dict[str, Column]:
        # Some points at a time: many small calls would be slow, and one for all would hold every histogram twice.
        blocks = range(0, len(self.points), POINTS_AT_ONCE)
        parts = [self._derived_of(slice(n, n + POINTS_AT_ONCE)) for n in blocks]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _derived_of(self, points: slice) -> dict[str, Column]:
        windows = [
            np.tile(np.array(w, np.float64), self.replications) for w in self.windows[points]
        ]
        numbers = np.arange(self.replications)
        replication = [np.repeat(numbers, len(names)) for names in self.names[points]]
        together = Measured.together(self.measured[points])
        return columns_of(together, np.concatenate(replication), np.concatenate(windows))

    def _parameters(self, rows: Column) -> dict[str, Column]:
        return {
            name: column_of([point[name] for point in self.points])[rows] for name in self.points[0]
        }

    def __str__(self) -> str:
        head, rows, below = self._cells()
        return "\n".join([*aligned([head, *rows], left=0), "", below])

    def _repr_html_(self) -> str:
        return html_table(*self._cells())

    def _cells(self) -> tuple[list[str], list[list[str]], str]:
        means = self.means.columns
        several = len(set(self.names)) > 1 or len(self.names[0]) > 1
        keys = [*self.points[0], *(["link"] if several else [])]
        rows = [
            [
                *(str(means[key][n])[:40] for key in keys),
                *(
                    quantity(column, means[column][n], means[f"{column}_half_width"][n])
                    for column in SHOWN_COLUMNS.values()
                ),
            ]
            for n in range(min(len(self.means), SHOWN))
        ]
        below = f"{len(self.points):,} points, {self.replications:,} replications of each"
        if self.replications > 1:
            below += f"; ± is half of the interval, {self.confidence * 100:g} % confidence"
        if len(self.means) > SHOWN:
            below += f"; {len(self.means) - SHOWN:,} more rows are in `means`"
        return [*keys, *SHOWN_COLUMNS], rows, below + "."
