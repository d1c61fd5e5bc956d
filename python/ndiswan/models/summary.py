"""Results as a person wants to read them: a table with units, and intervals beside the means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ndiswan.models.tables import aligned, html_table

if TYPE_CHECKING:
    from ndiswan.models.results import Results

LINKS = 6
"""So many links have a column of their own."""

# What each line is called and which column it shows; those of the second kind only if any is not 0.
LINES = (
    ("offered", "offered", True),
    ("dropped", "dropped_share", True),
    ("sent", "sent", True),
    ("aborted", "aborted", False),
    ("failed", "failed", False),
    ("lost on the line", "lost_share", True),
    ("gone with a card", "vanished", False),
    ("throughput", "throughput_bps", True),
    ("goodput", "goodput_bps", True),
    ("line busy", "utilisation", True),
    ("window used", "window_occupancy", True),
    ("waiting", "queued", True),
    ("latency, mean", "latency_mean_ns", True),
    ("latency, median", "latency_p50_ns", True),
    ("latency, 99 %", "latency_p99_ns", True),
    ("in the queue, mean", "queued_mean_ns", True),
    ("with the miniport, mean", "miniport_mean_ns", True),
    ("to the far end, mean", "delivery_mean_ns", True),
    ("interrupts", "interrupts", True),
    ("resets", "resets", False),
    ("broken rules", "broken", False),
)
SHARES = ("utilisation", "window_occupancy")
AVERAGES = ("outstanding", "queued")
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def as_text(results: Results) -> str:
    """The table for a terminal."""
    head, rows = _cells(results)
    above, below = _words(results)
    return "\n".join([above, "", *aligned([head, *rows], left=1), "", *below])


def as_html(results: Results) -> str:
    """The table for a notebook; names are escaped."""
    head, rows = _cells(results)
    above, below = _words(results)
    return html_table(head, rows, " ".join([above + ".", *below]))


def quantity(column: str, value: float, half_width: float = math.nan) -> str:
    """A value of a column with its unit; with half of its interval, to two digits of that."""
    if math.isnan(value):
        return "-"
    if column.endswith("_share") or column in SHARES:
        return _rounded(value * 100, half_width * 100) + " %"
    unit = {"_ns": "s", "_bps": "bit/s"}.get(column[column.rfind("_") :], "")
    if not unit:
        return _rounded(value, half_width)
    if unit == "s":
        value, half_width = value / 1e9, half_width / 1e9
    size = max(abs(value), half_width if half_width == half_width else 0.0)  # noqa: PLR0124 -- NaN
    factor, prefix = next((p for p in PREFIXES if size >= p[0]), PREFIXES[3])
    if unit == "s" and factor > 1:
        factor, prefix = 1.0, ""
    return f"{_rounded(value / factor, half_width / factor)} {prefix}{unit}"


def _rounded(value: float, half_width: float) -> str:
    if math.isfinite(half_width) and half_width > 0:
        digits = min(max(1 - math.floor(math.log10(half_width)), 0), 6)
        return f"{value:,.{digits}f} ± {half_width:,.{digits}f}"
    if value == int(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    digits = min(max(3 - math.floor(math.log10(abs(value))), 0), 9)
    return f"{value:,.{digits}f}"


def _cells(results: Results) -> tuple[list[str], list[list[str]]]:
    means = results.means.columns
    links = range(min(len(results.names), LINKS))
    rows = []
    for label, column, always in LINES:
        if always or any(means[column][n] for n in links):
            widths = means[f"{column}_half_width"]
            cells = [quantity(column, means[column][n], widths[n]) for n in links]
            rows.append([label, *cells])
    return ["", *(results.names[n] for n in links)], rows


def _words(results: Results) -> tuple[str, list[str]]:
    """What stands above the table, and below."""
    names, replications = len(results.names), results.replications
    seconds = float(results.columns["elapsed_ns"].mean()) / 1e9
    links = f"{len(results) // replications:,} link{'s' * (len(results) > replications)}"
    runs = (
        f"{replications:,} replications of {seconds:g} s" if replications > 1 else f"{seconds:g} s"
    )
    below = []
    if names > LINKS:
        below.append(f"… and {names - LINKS:,} more names of links; `columns` has all.")
    if len(results) > names * replications:
        below.append("Links of one name are averaged.")
    share = f"{results.confidence * 100:g} % confidence"
    if replications > 1:
        below.append(f"± is half of the interval of the mean over replications, {share}.")
    elif not all(math.isnan(w) for w in results.means.columns["latency_mean_ns_half_width"]):
        below.append(
            f"± is by batch means, {share}; `replications` gives an interval for the rest."
        )
    for column, relative in results.missed.items():
        if math.isinf(relative):
            below.append(f"{column} has no mean, since some replications had no packet.")
            continue
        below.append(
            f"The interval of {column} is still ± {relative:.2%} of its mean: more replications are needed."
        )
    return f"{links}, {runs}", below
