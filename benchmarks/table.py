"""One table of a benchmark: cases run in turn, ratios taken per round, printed and kept as JSON.

The machine is noisy, so an absolute figure says little. Every round runs each side once, in turn first,
and the ratio is taken within the round. A ratio is above 1 where we are better.
"""

import json
import platform
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


class Row:
    """One comparison: what ours and the rival's cost, and what is asked for."""

    def __init__(
        self,
        case: str,
        ours: Callable[[], float],
        rival: Callable[[], float],
        *,
        names: tuple[str, str],
        target: float | None = None,
        unit: str = "ns",
    ) -> None:
        self.case = case
        self.sides = (ours, rival)
        self.names = names
        self.target = target
        self.unit = unit
        self.rounds: list[tuple[float, float]] = []

    def run(self, number: int) -> None:
        """One round; who is first changes from round to round."""
        costs = [0.0, 0.0]
        for side in (0, 1) if number % 2 else (1, 0):
            costs[side] = self.sides[side]()
        self.rounds.append((costs[0], costs[1]))

    def result(self) -> dict[str, object]:
        """The row as design.md asks for it."""
        ratios = sorted(rival / ours for ours, rival in self.rounds)
        median = statistics.median(ratios)
        return {
            "case": self.case,
            "ours": statistics.median(ours for ours, _ in self.rounds),
            "rival": statistics.median(rival for _, rival in self.rounds),
            "names": list(self.names),
            "unit": self.unit,
            "ratio": {"min": ratios[0], "median": median, "max": ratios[-1]},
            "rounds": len(ratios),
            "target": self.target,
            "met": None if self.target is None else median >= self.target,
        }


def missing(case: str, rival: str, why: str) -> dict[str, object]:
    """The row of a rival that cannot be had here."""
    return {"case": case, "names": ["ndiswan", rival], "missing": why, "target": None, "met": None}


def run(table: str, rows: list[Row], *, rounds: int = 31) -> list[dict[str, object]]:
    """Measure the rows, and report."""
    results = measure(rows, rounds)
    report(table, results)
    return results


def measure(rows: list[Row], rounds: int) -> list[dict[str, object]]:
    """Run the rows in turn, round by round, after one round that is thrown away."""
    for number in range(rounds + 1):
        for row in rows:
            row.run(number)
    for row in rows:
        del row.rounds[0]
    return [row.result() for row in rows]


def report(table: str, rows: list[dict[str, object]]) -> None:
    """Print the table and write ``results/TABLE.json``."""
    show(table, rows)
    save(table, rows)


def show(table: str, rows: list[dict[str, object]]) -> None:
    """Print the table."""
    print(f"\n{table}")
    print(f"  {'case':<62}{'ours':>10}{'rival':>10}  ratio (min..max)      target")
    for row in rows:
        if "missing" in row:
            print(f"  {row['case']:<62}  not measured: {row['missing']}")
            continue
        ratio = row["ratio"]
        assert isinstance(ratio, dict)
        spread = f"{ratio['median']:.2f} ({ratio['min']:.2f}..{ratio['max']:.2f})"
        goal = (
            ""
            if row["target"] is None
            else f"{row['target']:.2f} {'met' if row['met'] else 'MISSED'}"
        )
        print(
            f"  {row['case']:<62}{row['ours']:>8.0f} {row['unit']}{row['rival']:>7.0f} {row['unit']}"
            f"  {spread:<21} {goal}"
        )


def save(table: str, rows: list[dict[str, object]]) -> None:
    """Write ``results/TABLE.json``, to which `run.py` adds the conditions."""
    RESULTS.mkdir(exist_ok=True)
    free = not getattr(sys, "_is_gil_enabled", lambda: True)()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    document = {"table": table, "python": python + " without a GIL" * free, "rows": rows}
    (RESULTS / f"{table}.json").write_text(json.dumps(document, indent=1) + "\n")
