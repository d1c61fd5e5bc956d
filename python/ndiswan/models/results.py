"""What a simulation measured: a row for each link, a histogram for each stage, a record for each packet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ndiswan._native import Simulation as _Simulation
from ndiswan.models.links import Link

Column = np.ndarray[Any, np.dtype[Any]]

# Columns of the engine that are no counts of their own: the others are made of them.
_SUMS = ("outstanding_ns", "queued_ns")


@dataclass(frozen=True, eq=False)
class Stage:
    """How long packets were in one stage, in nanoseconds: exact count, sum, least, most; buckets exact to 1 part in 64.

    ``low``, ``width`` and ``counts`` are the buckets that are not empty: smallest value, number of values, packets.
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
        at = int(np.searchsorted(np.cumsum(self.counts), max(1, np.ceil(q * self.count))))
        return float(np.clip(self.low[at] + self.width[at] // 2, self.min, self.max))

    def cdf(self) -> tuple[Column, Column]:
        """Times in nanoseconds, and the share of packets that did not exceed each."""
        return self.low + self.width - 1, np.cumsum(self.counts) / self.count

    def merged(self, other: "Stage") -> "Stage":
        """The two together."""
        if not self.count or not other.count:
            return self if self.count else other
        both = np.concatenate([np.stack([s.low, s.width]) for s in (self, other)], axis=1)
        (low, width), where = np.unique(both, axis=1, return_inverse=True)
        counts = np.zeros(low.size, np.uint64)
        np.add.at(counts, where.ravel(), np.concatenate([self.counts, other.counts]))
        least, most = min(self.min, other.min), max(self.max, other.max)
        total = self.count + other.count
        return Stage(total, self.sum + other.sum, least, most, low, width, counts)


@dataclass(frozen=True, eq=False)
class Results:
    """What was measured.

    ``columns``: NumPy arrays with a row for each link: its name, what was counted, and what follows from it
    (``throughput_bps``, ``goodput_bps``, ``utilisation``, ``outstanding``, ``queued``, ``dropped``, ``lost_share``).
    ``stages``: for each name of a link and each stage (``queued``, ``miniport``, ``latency``, ``delivery``) a
    `Stage`. ``packets``: the records as columns, empty without ``detail="packets"``.
    """

    columns: dict[str, Column]
    stages: dict[str, dict[str, Stage]]
    packets: dict[str, Column]
    batches: list[Column]
    digest: str | None

    def __getitem__(self, name: str) -> dict[str, Stage]:
        """The stages of the link with this name."""
        if name not in self.stages:
            raise KeyError(f"expected the name of a link ({', '.join(self.stages)}), got {name!r}")
        return self.stages[name]

    def __len__(self) -> int:
        return len(self.columns["link"])


def names_of(links: Sequence[Link]) -> list[str]:
    """What results call the links: their names, or "link" and a number."""
    names = [link.name or f"link{n}" for n, link in enumerate(links)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"links: expected a name for each link, got {min(twice)!r} twice")
    return names


def read(native: _Simulation, links: Sequence[Link]) -> Results:
    """The results of a simulation as they stand."""
    names = names_of(links)
    wide = ("outstanding_ns", "queued_ns")
    raw = {
        name: np.frombuffer(data, np.float64 if name in wide else np.uint64)
        for name, data in native.counters().items()
    }
    spec = raw.pop("spec").astype(np.int64)
    seconds = np.maximum(raw["elapsed_ns"], 1) / 1e9
    nanoseconds = np.maximum(raw["elapsed_ns"], 1)
    sums = {name: raw.pop(name) for name in _SUMS}
    columns: dict[str, Column] = {"link": np.array(names)[spec], **raw}
    columns["dropped"] = raw["dropped_full"] + raw["dropped_early"]
    columns["throughput_bps"] = raw["sent_bytes"] * 8 / seconds
    columns["goodput_bps"] = raw["received_bytes"] * 8 / seconds
    columns["utilisation"] = raw["busy_ns"] / nanoseconds
    columns["outstanding"] = sums["outstanding_ns"] / nanoseconds
    columns["queued"] = sums["queued_ns"] / nanoseconds
    left = raw["received"] + raw["lost"]
    columns["lost_share"] = np.divide(raw["lost"], left, np.zeros(len(left)), where=left > 0)
    stages = {
        name: {stage: stage_of(data) for stage, data in native.stages(n).items()}
        for n, name in enumerate(names)
    }
    batches = [np.frombuffer(native.batches(n)[0], np.float64) for n in range(len(spec))]
    packets = {name: np.frombuffer(data, np.uint64) for name, data in native.packets().items()}
    digest = native.digest
    return Results(columns, stages, packets, batches, None if digest is None else f"{digest:016x}")


def stage_of(data: dict[str, Any]) -> Stage:
    """A stage from what the engine says of it."""
    buckets = {k: np.frombuffer(data[k], np.uint64) for k in ("low", "width", "counts")}
    return Stage(data["count"], data["sum"], data["min"], data["max"], **buckets)
