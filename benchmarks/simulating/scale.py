"""How built-in models scale: two cores, many packets, many links."""

import functools
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import table

from ndiswan import models
from simulating.workload import WINDOW

POINTS, REPLICATIONS, PACKETS = 1_000, 10, 100_000
CORES = 2
LONG = 100_000_000

# What a process needs that runs so many links with so many packets on each: its largest size, in KiB. Not `ru_maxrss`,
# which is at least that of the process that started it.
CHILD = """
import sys
from ndiswan import models
from simulating import ours
packets, links = int(sys.argv[1]), int(sys.argv[2])
models.simulate(ours.link(packets, links), threads=1)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def line(rate_bps: int, packets: int) -> models.Link:
    """A line with random sizes, its packets going round."""
    flow = models.ClosedLoop(window=WINDOW, size=models.UniformSize(64, 1500), packets=packets)
    return models.Link(traffic=flow, line=models.Line(rate_bps=rate_bps), window=WINDOW)


def per_packet(run: Callable[[], object], packets: int) -> Callable[[], float]:
    """Nanoseconds a packet by the clock on the wall, from parameters to results."""

    def cost() -> float:
        begin = time.perf_counter_ns()
        run()
        return (time.perf_counter_ns() - begin) / packets

    return cost


def grid() -> models.Sweep:
    """Each point is a rate; a process for each core, which are started for it."""
    points = {"rate_bps": [64_000 * point for point in range(1, POINTS + 1)]}
    make = functools.partial(line, packets=PACKETS)
    return models.sweep(make, points, replications=REPLICATIONS, jobs=CORES)


def alone() -> models.Results:
    """One long run."""
    return models.simulate(line(64_000, LONG), threads=1)


def memory(packets: int, links: int) -> Callable[[], float]:
    """KiB of a process that ran this."""
    command = [sys.executable, "-c", CHILD, str(packets), str(links)]
    here = Path(__file__).parents[1]

    def peak() -> float:
        ran = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
        return float(ran.stdout)

    return peak


def rows() -> list[table.Row]:
    """What is compared; few rounds are enough."""
    own = ("ndiswan", "ndiswan")
    work = f"{POINTS} points x {REPLICATIONS} replications on {CORES} cores : one long run"
    return [
        table.Row(
            work,
            per_packet(grid, POINTS * REPLICATIONS * PACKETS),
            per_packet(alone, LONG),
            names=own,
            target=1.6,
        ),
        table.Row(
            "largest memory, 1 link : 10^7 packets : 10^4 packets",
            memory(10**7, 1),
            memory(10**4, 1),
            names=own,
            target=0.98,
            unit="KiB",
        ),
        table.Row(
            "largest memory, 10^4 links : 10^4 packets on each : 10^2 packets",
            memory(10**4, 10**4),
            memory(10**2, 10**4),
            names=own,
            target=0.98,
            unit="KiB",
        ),
    ]
