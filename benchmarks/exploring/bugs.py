"""From hunts to a table: which tool found which bug, after how much processor time."""

import math
import statistics
from collections import defaultdict
from typing import Any

import table

from exploring.hunt import EXPRESSIBLE, TOOLS

__all__ = ["TOOLS", "names", "report"]

OURS = "ours"
# How much less processor time to a bug is asked for.
FASTER = 20.0


def names() -> tuple[list[str], list[str]]:
    """All bugs, and those that can be written for an explorer of threads.

    Not the serialized drivers, which need a gate, and not the bugs about levels, whatever rule it is that they break.
    """
    from ndiswan.zoo import ENTRIES

    can = [
        entry.id
        for entry in ENTRIES.values()
        if entry.rule in EXPRESSIBLE
        and not entry.driver.serialized
        and not entry.id.startswith("irql")
    ]
    return list(ENTRIES), can


class Column(dict[str, list[dict[str, Any]]]):
    """One tool's results by bug."""

    def found(self, bug: str) -> bool:
        """With more than half of the seeds."""
        all_of_it = self[bug]
        return 2 * sum(one["found"] is not None for one in all_of_it) > len(all_of_it)

    def seconds(self, bug: str) -> float:
        """The median; a seed that did not find it counts with what it spent."""
        return statistics.median(one["seconds"] for one in self[bug])


def report(results: list[dict[str, Any]], budget: float) -> list[dict[str, object]]:
    """Print the bugs by tools and give the rows: totals first, then bug by bug."""
    columns: dict[str, Column] = defaultdict(Column)
    for result in results:
        columns[result["tool"]].setdefault(result["bug"], []).append(result)
    ours = columns[OURS]
    print(
        f"\nexplore: milliseconds of the processor to a bug, median; - is not found in {budget} s"
    )
    print(f"  {'':<40}" + "".join(f"{tool:>18}" for tool in TOOLS))
    for bug in ours:
        print(f"  {bug:<40}" + "".join(f"{_cell(columns[tool], bug):>18}" for tool in TOOLS))
    rows: list[dict[str, object]] = []
    for tool in TOOLS[1:]:
        rows += _totals(ours, columns[tool], tool)
    table.show("explore: bugs", rows)
    for tool in TOOLS[1:]:
        rows += [_row(ours, columns[tool], tool, bug, budget) for bug in columns[tool]]
    return rows


def _cell(column: Column, bug: str) -> str:
    if bug not in column:
        return "cannot be written"
    return f"{column.seconds(bug) * 1000:.1f}" if column.found(bug) else "-"


def _totals(ours: Column, rival: Column, tool: str) -> list[dict[str, object]]:
    """How many each found, and the geometric mean of the ratios where both did."""
    mine = sum(ours.found(bug) for bug in rival)
    its = sum(rival.found(bug) for bug in rival)
    both = [bug for bug in rival if ours.found(bug) and rival.found(bug)]
    ratios = sorted(rival.seconds(bug) / ours.seconds(bug) for bug in both)
    bounds = [rival.seconds(bug) / ours.seconds(bug) for bug in rival if ours.found(bug)]
    if not ratios:
        return [table.missing("bugs", tool, "it found none of them")]
    count = mine / its
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    all_of_them = math.exp(statistics.fmean(map(math.log, bounds)))
    common = {"names": ["ndiswan", tool]}
    return [
        common
        | {
            "case": f"bugs found, of {len(rival)} that can be written : {tool}",
            "ours": mine,
            "rival": its,
            "unit": "",
            "ratio": {"min": count, "median": count, "max": count},
            "target": (its + 1) / its,
            "met": mine > its,
        },
        common
        | {
            "case": f"time to the bug, geometric mean of {len(both)} that both find : {tool}",
            "ours": statistics.geometric_mean(ours.seconds(bug) for bug in both) * 1e6,
            "rival": statistics.geometric_mean(rival.seconds(bug) for bug in both) * 1e6,
            "unit": "us",
            "ratio": {"min": ratios[0], "median": mean, "max": ratios[-1]},
            "target": FASTER,
            "met": mean >= FASTER,
        },
        common
        | {
            "case": f"time to the bug, all that ours finds, at least : {tool}",
            "ours": statistics.geometric_mean(ours.seconds(b) for b in rival if ours.found(b))
            * 1e6,
            "rival": statistics.geometric_mean(rival.seconds(b) for b in rival if ours.found(b))
            * 1e6,
            "unit": "us",
            "ratio": {"min": min(bounds), "median": all_of_them, "max": max(bounds)},
            "target": FASTER,
            "met": all_of_them >= FASTER,
        },
    ]


def _row(ours: Column, rival: Column, tool: str, bug: str, budget: float) -> dict[str, object]:
    case = f"{bug} : {tool}"
    if not ours.found(bug):
        return table.missing(case, tool, f"ours did not find it in {budget} s")
    if not rival.found(bug):
        return table.missing(case, tool, f"it did not find it in {budget} s")
    pairs = zip(ours[bug], rival[bug], strict=True)
    ratios = sorted(its["seconds"] / mine["seconds"] for mine, its in pairs)
    return {
        "case": case,
        "names": ["ndiswan", tool],
        "ours": ours.seconds(bug) * 1e6,
        "rival": rival.seconds(bug) * 1e6,
        "unit": "us",
        "ratio": {"min": ratios[0], "median": statistics.median(ratios), "max": ratios[-1]},
        "target": None,
        "met": None,
    }
