"""The scenario with built-in models: nothing of it is Python."""

from ndiswan import models
from simulating.workload import RATE_BPS, SIZES, WINDOW, Outcome


def link(n: int, count: int = 1) -> models.Link:
    """The scenario's line with its traffic; `count` of them."""
    flow = models.ClosedLoop(window=WINDOW, size=SIZES, packets=n)
    line = models.Line(rate_bps=RATE_BPS, mtu=max(SIZES))
    return models.Link(traffic=flow, line=line, window=WINDOW, name="line", count=count)


def run(n: int, detail: models.running.Detail = "counters") -> Outcome:
    """The ledger on, all counters and histograms; with "packets" a digest and a record of each packet, too."""
    simulation = models.Simulation(link(n), threads=1, detail=detail)
    simulation.run()
    results = simulation.results()
    latency = results["line"]["latency"]
    return Outcome(latency.count, latency.sum, simulation.now_ns)
