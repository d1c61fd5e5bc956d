"""`make bench BENCH=zoo`: how soon each bug of the zoo is found, and how short its story becomes.

    zoo.py [--seeds 3] [--first 0] [--seconds 60] [--shrinking 10] [--bugs BUG ...]

Each bug is hunted with each seed as `nw.explore` does it, and what is found is made small. A line has the medians
over the seeds and behind them the worst. *Events* is how many events the story has, *known* how many the shortest one
has that is known (`Entry.events`), *left* how many stories were still being made smaller when the time was over.
Seconds are those of the processor to find, and of the clock to make small, since it is the clock that ends that.
"""

import argparse
import statistics
import sys
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import table

import ndiswan as nw
from ndiswan.exploring.shrinking import failing_alike, make_small
from ndiswan.zoo import ENTRIES, Entry

RATIO = 1.2
DONE = 10.0
SOON, LATEST = 5.0, 60.0
SHARE = 0.95


@dataclass
class Hunt:
    """What became of a bug with one seed."""

    bug: str
    seed: int
    rule: str | None
    executions: int
    seconds: float
    """Of the processor, until it was found or given up."""
    found_events: int = 0
    """Of the execution in which it was found."""
    events: int = 0
    switches: int = 0
    shrinking: float = 0.0
    tries: int = 0
    minimal: bool = False

    @property
    def ratio(self) -> float:
        """To the shortest story that is known."""
        return self.events / (ENTRIES[self.bug].events or self.events)


def hunt(entry: Entry, seed: int, seconds: float, shrinking: float) -> Hunt:
    """Find it, and make it small."""
    begin = time.process_time()
    found = nw.explore(entry.scenario, seed=seed, seconds=seconds, shrinking=0)
    spent = time.process_time() - begin
    if not found.failures:
        return Hunt(entry.id, seed, None, found.executions, spent)
    (failure,) = found.failures
    begin = time.monotonic()
    run = failing_alike(failure.symptom, entry.scenario, failure.settings)
    small = make_small(failure.choices, run, shrinking)
    took = time.monotonic() - begin
    assert small.reproduced, f"{entry.id}, seed {seed}: the failure does not fail again"
    told = replace(failure, choices=small.choices)
    events = len(told.replay().ndis.events())
    return Hunt(
        entry.id,
        seed,
        failure.rule,
        found.executions,
        spent,
        failure.events,
        events,
        told.switches,
        took,
        small.executions,
        small.minimal,
    )


def line(entry: Entry, hunts: list[Hunt]) -> str:
    """A bug."""
    found = [one for one in hunts if one.rule is not None]
    if not found:
        return f"  {entry.id:<38}{entry.rule:<17}not found"

    def both(values: list[float], digits: int) -> str:
        return f"{statistics.median(values):.{digits}f} ({max(values):.{digits}f})"

    ratios = [one.ratio for one in found]
    return (
        f"  {entry.id:<38}{entry.rule:<17}{len(found):>2}/{len(hunts):<3}"
        f"{both([one.executions for one in hunts], 0):>15}{both([one.seconds for one in hunts], 2):>14}"
        f"{both([one.events for one in found], 0):>13}{entry.events or '-':>6}{both(ratios, 2):>13}"
        f"{both([one.shrinking for one in found], 2):>15}{sum(not one.minimal for one in found):>5}"
    )


def quantile(values: list[float], share: float) -> float:
    """The smallest value that so many are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def totals(hunts: list[Hunt]) -> list[dict[str, Any]]:
    """What is asked for, and whether it is so."""
    bugs: dict[str, list[Hunt]] = {}
    for one in hunts:
        bugs.setdefault(one.bug, []).append(one)
    found = [one for one in hunts if one.rule is not None]
    known = [one for one in found if ENTRIES[one.bug].events is not None]

    def within(seconds: float) -> int:
        def is_found(one: Hunt) -> bool:
            return one.rule is not None and one.seconds <= seconds

        return sum(all(map(is_found, of_bug)) for of_bug in bugs.values())

    def row(case: str, ours: float, target: float, *, most: bool) -> dict[str, Any]:
        met = ours <= target if most else ours >= target
        return {"case": case, "ours": ours, "target": target, "met": met}

    of_bugs = [
        statistics.median(one.ratio for one in of_bug if one.rule is not None)
        for of_bug in bugs.values()
        if any(one in known for one in of_bug)
    ]
    return [
        row(
            f"bugs found with each seed within {LATEST:.0f} s",
            within(LATEST),
            len(bugs),
            most=False,
        ),
        row(f"... within {SOON:.0f} s", within(SOON), 0.9 * len(bugs), most=False),
        row(
            "events to those of the shortest story, median of stories",
            statistics.median(one.ratio for one in known),
            RATIO,
            most=True,
        ),
        row("... median of the bugs' medians", statistics.median(of_bugs), RATIO, most=True),
        row(
            f"... the share of stories with at most {RATIO}",
            statistics.fmean(one.ratio <= RATIO for one in known),
            0.5,
            most=False,
        ),
        row(
            f"share that nothing makes smaller, within {DONE:.0f} s",
            statistics.fmean(one.minimal and one.shrinking <= DONE for one in found),
            SHARE,
            most=False,
        ),
        row(
            f"seconds of making small, {SHARE:.0%} quantile",
            quantile([one.shrinking for one in found], SHARE),
            DONE,
            most=True,
        ),
    ]


def main() -> int:
    """Hunt what is asked for and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seconds", type=float, default=LATEST, help="to find a bug, of the clock")
    parser.add_argument("--shrinking", type=float, default=DONE, help="seconds of the clock")
    parser.add_argument("--bugs", nargs="*", default=list(ENTRIES), metavar="BUG")
    options = parser.parse_args()
    print(
        f"  {'zoo':<38}{'rule':<17}{'found':<6}{'executions':>15}{'seconds':>14}{'events':>13}"
        f"{'known':>6}{'ratio':>13}{'making small':>15}{'left':>5}"
    )
    hunts: list[Hunt] = []
    for name in options.bugs:
        of_bug = [
            hunt(ENTRIES[name], seed, options.seconds, options.shrinking)
            for seed in range(options.first, options.first + options.seeds)
        ]
        hunts += of_bug
        print(line(ENTRIES[name], of_bug), flush=True)
    found = [one for one in hunts if one.rule is not None]
    if not found:
        print("nothing was found")
        return 1
    print("\nthe longest beside what is known")
    for one in sorted(found, key=lambda one: -one.ratio)[:5]:
        print(
            f"  {one.bug}, seed {one.seed}: {one.rule} after {one.found_events} events, made {one.events}"
            f" in {one.tries} executions, {one.ratio:.2f} x"
        )
    print()
    rows = totals(hunts)
    for row in rows:
        verdict = "met" if row["met"] else "MISSED"
        print(f"  {row['case']:<62}{row['ours']:>8.2f}  target {row['target']:.2f} {verdict}")
    rows += [
        {"case": f"{one.bug}, seed {one.seed}"} | asdict(one) | {"ratio": one.ratio}
        for one in hunts
    ]
    table.save("zoo", rows)
    return 0 if all(row["met"] for row in rows[:7]) else 1


if __name__ == "__main__":
    sys.exit(main())
