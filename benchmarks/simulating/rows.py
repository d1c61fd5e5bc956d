"""The scenario with built-in models beside what people write in Python: interleaved, ratios per round."""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import table

from ndiswan import models
from simulating import batches, closures, many, one_side, ours, plain
from simulating.workload import Outcome

# So many packets take each side about as long as the clock needs.
OURS = 500_000
THEIRS = 3_000

Run = Callable[[int], Outcome]

NS3 = "ns-3"
SMOLPY = "SMOLPy's Rust engine"


def rivals() -> dict[str, tuple[Run, float | None]]:
    """Who there is, and what is asked against each."""
    known: dict[str, tuple[Run, float | None]] = {
        "plain Python, same semantics": (plain.same_semantics, 150),
        "heapq and closures": (closures.heap, None),
    }
    try:
        from simulating import simpy_side
    except ImportError:
        return known
    return {
        "SimPy callbacks": (simpy_side.callbacks, 150),
        "SimPy callbacks, one Timeout pending": (simpy_side.head, None),
        "SimPy Store": (simpy_side.store, 600),
        "SimPy Resource": (simpy_side.resource, None),
    } | known


def check() -> None:
    """All come to the same count, sum of latencies and end, whatever the number of packets."""
    for n in 1, 63, 64, 65, THEIRS:
        expected = ours.run(n)
        for name, (run, _) in rivals().items():
            if (got := run(n)) != expected:
                raise AssertionError(f"{name}, {n} packets: expected {expected}, got {got}")


def theirs(run: Run) -> Callable[[], float]:
    """What a packet costs the rival, in nanoseconds of the processor."""
    expected = run(THEIRS)

    def cost() -> float:
        begin = time.process_time_ns()
        got = run(THEIRS)
        took = time.process_time_ns() - begin
        if got != expected:
            raise AssertionError(f"expected {expected} again, got {got}")
        return took / THEIRS

    return cost


def built_in(
    detail: models.running.Detail = "counters", n: int = OURS, *, read: bool = False
) -> Callable[[], float]:
    """What a packet costs us: the run, all of its threads, and its record if all are ``read``; not the parameters."""
    link = ours.link(n)

    def cost() -> float:
        simulation = models.Simulation(link, threads=1, detail=detail)
        begin = time.process_time_ns()
        simulation.run()
        if read and len(simulation.results().packets["bytes"]) != n:
            raise AssertionError(f"expected a record of each of {n} packets")
        return (time.process_time_ns() - begin) / n

    return cost


def rows() -> list[table.Row]:
    """What is compared."""
    against = [
        table.Row(
            f"built in : {name}", built_in(), theirs(run), names=("ndiswan", name), target=target
        )
        for name, (run, target) in rivals().items()
    ]
    records = table.Row(
        "built in, digest and a record of each packet : neither",
        built_in("packets"),
        built_in(),
        names=("ndiswan", "ndiswan"),
        target=1 / 1.4,
    )
    read = table.Row(
        "built in, the same and all records read as arrays : neither",
        built_in("packets", read=True),
        built_in(),
        names=("ndiswan", "ndiswan"),
    )
    return [*against, records, read]


def one_side_rows() -> list[table.Row]:
    """One driver in Python, the other built in; and completions of many packets."""
    case = "64 completions, {}, {} : one by one"
    both = [
        table.Row(
            case.format(delivery, words),
            many.cost(make, delivery),
            many.cost(many.one_by_one, delivery),
            names=("ndiswan", "ndiswan"),
            target=15 if make is many.by_name else None,
        )
        for delivery in ("inline", "queued")
        for words, make in (("names in an array", many.by_name), ("a list", many.together))
    ]
    if "SimPy callbacks" not in rivals():
        return both
    run, _ = rivals()["SimPy callbacks"]
    names = ("ndiswan", "SimPy")
    return [
        table.Row(
            "protocol Python, card built in : SimPy callbacks",
            one_side.protocol,
            theirs(run),
            names=names,
            target=12,
        ),
        table.Row(
            "miniport Python, traffic built in : SimPy callbacks",
            one_side.miniport,
            theirs(run),
            names=names,
            target=12,
        ),
        *both,
    ]


def batch_rows() -> list[table.Row]:
    """Batch drivers on both sides, beside scalar ones in the same rounds and beside the Store."""
    batches.check()
    rows = []
    for window, scalar, store in ((1024, 5, 250), (64, 1.3, None)):
        ours = batches.batch(window, 200 * 1024)
        rows.append(
            table.Row(
                f"batches of {window} : scalar drivers",
                ours,
                batches.scalar(window, 8 * 1024),
                names=("ndiswan", "ndiswan"),
                target=scalar,
            )
        )
        if "SimPy Store" in rivals():
            run, _ = rivals()["SimPy Store"]
            rows.append(
                table.Row(
                    f"batches of {window} : SimPy Store",
                    ours,
                    theirs(run),
                    names=("ndiswan", "SimPy"),
                    target=store,
                )
            )
    return rows


def ns3() -> dict[str, object]:
    """ns-3, in a process of its own, if it is installed."""
    case = f"built in : {NS3}, its event loop, C++"
    if not importlib.util.find_spec("ns"):
        return table.missing(case, NS3, "pip install ns3 (69 MB), which is not in the extra")
    command = [sys.executable, "-m", "simulating.ns3_side"]
    here = Path(__file__).parents[1]
    ran = subprocess.run(command, cwd=here, stdout=subprocess.PIPE, text=True, check=True)
    row = table.Row(case, float, float, names=("ndiswan", NS3))
    row.rounds = [tuple(costs) for costs in json.loads(ran.stdout.splitlines()[-1])]
    return row.result()


def missing() -> list[dict[str, object]]:
    """The rivals that cannot be had here."""
    why = "PyPI has neither a wheel nor a source of smolpy-engine-rs"
    gone = [table.missing(f"built in : {SMOLPY}", SMOLPY, why)]
    if "SimPy Store" not in rivals():
        gone.append(table.missing("built in : SimPy", "SimPy", "pip install simpy"))
    return gone
