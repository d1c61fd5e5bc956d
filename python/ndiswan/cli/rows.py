"""Results in short: a row for each link of a scenario, those of a family together, as data and as a table to read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ndiswan.models import Results, Stage

# What is added up over the links of a family.
_COUNTS = (
    "offered",
    "sent",
    "succeeded",
    "aborted",
    "failed",
    "dropped_full",
    "dropped_early",
    "received",
    "lost",
    "interrupts",
    "resets",
    "broken",
)
_RATES = ("throughput_bps", "goodput_bps")
_MEANS = ("utilisation", "outstanding", "queued")
QUANTILES = (0.5, 0.9, 0.99, 0.999)


def rows(results: Results) -> list[dict[str, Any]]:
    """A row for each name of a link: counts and rates of its links together, means a link, times of its stages."""
    columns = results.columns
    found = []
    for name, stages in results.stages.items():
        own = columns["link"] == name
        row: dict[str, Any] = {"link": name, "links": int(own.sum())}
        row["elapsed_s"] = float(columns["elapsed_ns"][own].max()) / 1e9
        row |= {key: int(columns[key][own].sum()) for key in _COUNTS}
        row |= {key: float(columns[key][own].sum()) for key in _RATES}
        row |= {key: float(columns[key][own].mean()) for key in _MEANS}
        row["stages"] = {stage: _times(times) for stage, times in stages.items()}
        found.append(row)
    return found


def _times(stage: Stage) -> dict[str, Any]:
    """The times of a stage; ``None`` where there was no packet, since JSON has no NaN."""
    if not stage.count:
        return {"count": 0, "mean_ns": None, "max_ns": None} | {_name(q): None for q in QUANTILES}
    times = {"count": stage.count, "mean_ns": stage.mean, "max_ns": stage.max}
    return times | {_name(q): stage.quantile(q) for q in QUANTILES}


def _name(q: float) -> str:
    return f"p{f'{100 * q:g}'.replace('.', '_')}_ns"


def table(found: Iterable[dict[str, Any]]) -> list[str]:
    """The rows as lines of text, in columns."""
    head = ["link", "sent", "dropped", "lost", "goodput", "busy", "with card", "in queue"]
    head += ["mean", "p50", "p99", "longest"]
    lines = [head]
    for row in found:
        latency = row["stages"]["latency"]
        name = row["link"] if row["links"] == 1 else f"{row['links']} x {row['link']}"
        line = [name, f"{row['sent']:,}", f"{row['dropped_full'] + row['dropped_early']:,}"]
        line += [f"{row['lost']:,}", rate(row["goodput_bps"]), f"{100 * row['utilisation']:.1f} %"]
        line += [f"{row['outstanding']:.2f}", f"{row['queued']:.2f}"]
        line += [duration(latency[key]) for key in ("mean_ns", "p50_ns", "p99_ns", "max_ns")]
        lines.append(line)
    return columns(lines)


def columns(lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of cells as text: the first column to the left, the others to the right."""
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]


def duration(ns: float | None) -> str:
    """A time with the unit that suits it."""
    if ns is None or math.isnan(ns):
        return "-"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 1000 * size else f"{ns / size:,.0f} {unit}"
    return f"{ns:.0f} ns"


def rate(bps: float) -> str:
    """A rate with the unit that suits it."""
    for unit, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if bps >= size:
            return f"{bps / size:.4g} {unit}"
    return f"{bps:.0f} bit/s"
