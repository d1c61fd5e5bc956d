"""One tool at the bugs of the zoo: `python -m exploring.hunt TOOL --seconds 5 --seeds 3 [--bugs BUG ...]`.

Prints one line of JSON for each bug and seed: whether it was found, after how much processor time and how many
executions. With `--twins` the mended drivers are hunted, in which nothing may be found. frontrun needs a process of its
own, because there `ndiswan` is something else.
"""

import argparse
import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

# What a plain NDIS and threads can say at all: no levels, no gate, no window, no clock.
EXPRESSIBLE = {
    "DOUBLE",
    "EARLY",
    "FOREIGN",
    "HANG",
    "LOCK_ORDER",
    "LOST",
    "RESET",
    "STALE",
    "TOUCH",
}
TOOLS = ("ours", "frontrun random", "frontrun dpor", "hypothesis")
MANY = 10**9


class OutOfTime(BaseException):
    """The budget, which is of processor time, is spent."""


@dataclass
class Result:
    """What a tool did with a bug."""

    tool: str
    bug: str
    seed: int
    found: str | None
    seconds: float
    executions: int


def ours(entry: Any, seed: int, seconds: float, twin: bool) -> tuple[str | None, int]:
    """The explorer as it comes, without making its failure small."""
    import ndiswan as nw

    end = time.process_time() + seconds

    def spent(_: object) -> None:
        if time.process_time() > end:
            raise OutOfTime

    scenario, executions = entry.twin if twin else entry.scenario, 0

    def counted(ndis: nw.Ndis) -> None:
        nonlocal executions
        executions += 1
        scenario(ndis)

    try:
        found = nw.explore(counted, seed=seed, seconds=60.0, shrinking=0, progress=spent)
    except OutOfTime:
        return None, executions
    return (found.failures[0].rule if found.failures else None), found.executions


def frontrun(
    strategy: str, entry: Any, seed: int, seconds: float, twin: bool
) -> tuple[str | None, int]:
    """The zoo's own source over NDIS in plain Python; three threads, so that two can be at work beside the scenario."""
    from exploring import frontrun_side, plain_ndis, plain_zoo
    from ndiswan import card  # the hardware: what happens inside of it is one step, as in our world

    with frontrun_side.installed(plain_ndis, plain_zoo, card):
        found = frontrun_side.explore(
            entry.twin if twin else entry.scenario,
            strategy,
            executions=MANY,
            seed=seed,
            seconds=seconds,
            servers=2,
            faults=entry.faults,
            world=plain_zoo.Ndis,
        )
    if found.failure is None:
        return None, found.executions
    said = re.search(r"(?:Broken|AssertionError): (.+)|(Deadlock) detected", found.failure)
    if said is None:
        raise RuntimeError(f"{entry.id}: the harness broke: {found.failure}")
    return said[1] or said[2], found.executions


def hypothesis(entry: Any, seed: int, seconds: float, twin: bool) -> tuple[str | None, int]:
    """A rule-based state machine that drives the miniport in virtual time."""
    from exploring import machine

    return machine.hunt(entry, seed, seconds, twin)


def hunt(
    tool: str, entries: Iterable[Any], seeds: int, seconds: float, twin: bool
) -> Iterator[Result]:
    """Each bug, each seed."""
    for entry in entries:
        for seed in range(seeds):
            begin = time.process_time()
            if tool.startswith("frontrun "):
                found, executions = frontrun(tool.split()[1], entry, seed, seconds, twin)
            else:
                side = ours if tool == "ours" else hypothesis
                found, executions = side(entry, seed, seconds, twin)
            spent = time.process_time() - begin
            yield Result(tool, entry.id, seed, found, spent, executions)


def main() -> None:
    """Hunt and print."""
    parser = argparse.ArgumentParser(prog="exploring.hunt")
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--bugs", nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--twins", action="store_true")
    options = parser.parse_args()
    if options.tool.startswith("frontrun"):
        from exploring import plain_zoo

        plain_zoo.stand_in()
    from ndiswan.zoo import ENTRIES

    entries = [ENTRIES[name] for name in options.bugs] or list(ENTRIES.values())
    for result in hunt(options.tool, entries, options.seeds, options.seconds, options.twins):
        print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    main()
