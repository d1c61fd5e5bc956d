"""Thirty scenarios whose fingerprints are pinned in `fingerprints.json`: every flow, card, discipline and loss.

A fingerprint that changes means that events changed, for everybody who has pinned one. If that is meant:

    python tests/scenarios.py "why they are others now"

writes the file anew, with the reason and the scenarios that it concerns.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ndiswan import models
from ndiswan.models import Card, Death, Moderation

FILE = Path(__file__).with_name("fingerprints.json")
Scenario = Callable[[], tuple[list[models.Link], float]]

MS = 1_000_000
T1 = models.Line(rate_bps=1_544_000, propagation_ns=5 * MS)
LAN = models.Line(rate_bps=100_000_000)
IMIX = models.Mix([40, 576, 1500], [7, 4, 1])
ANY_SIZE = models.UniformSize(40, 1500)
POISSON = models.Poisson(rate_pps=300, size=IMIX)
BUSY = models.ClosedLoop(window=12, size=ANY_SIZE)


def one(traffic: object, line: models.Line = T1, until: float = 5.0, **other: object) -> Scenario:
    """A scenario of one kind of link."""
    return lambda: ([models.Link(traffic=traffic, line=line, **other)], until)


def carried(card: Card) -> Scenario:
    """A card under a closed loop with short thoughts, on a fast line."""
    flow = models.ClosedLoop(window=12, think=models.Exponential(0.1 * MS), size=ANY_SIZE)
    return one(flow, LAN, 2.0, card=card, window=8)


def queued(discipline: models.Discipline, limit: int | None = 50) -> Scenario:
    """Three classes, together more than the line carries."""
    flows = [
        models.Cbr(rate_pps=50, size=200),
        models.Poisson(rate_pps=200, size=IMIX, traffic_class=1),
        models.Poisson(rate_pps=200, size=ANY_SIZE, traffic_class=2),
    ]
    return one(flows, queue=models.Queue(discipline, limit))


def lossy(loss: models.Loss, **line: object) -> Scenario:
    """A line with a loss."""
    return one(POISSON, models.Line(rate_bps=1_544_000, loss=loss, **line))


def jittery(jitter: models.Duration, *, reorder: bool) -> Scenario:
    """A line with jitter."""
    return one(POISSON, models.Line(rate_bps=1_544_000, jitter=jitter, reorder=reorder))


SCENARIOS: dict[str, Scenario] = {
    "cbr": one(models.Cbr(rate_pps=333, size=500)),
    "poisson": one(POISSON),
    "on and off, exponential": one(
        models.OnOff(
            rate_pps=900,
            on=models.Exponential(20 * MS),
            off=models.Constant(40 * MS),
            size=ANY_SIZE,
        )
    ),
    "on and off, pareto": one(
        models.OnOff(
            rate_pps=900, on=models.Pareto(20 * MS), off=models.Pareto(40 * MS, 1.2), size=IMIX
        ),
        count=5,
    ),
    "mmpp": one(
        models.Mmpp(
            rates_pps=[600, 50],
            transitions_per_s=[[0, 5], [10, 0]],
            size=models.ExponentialSize(400, 1500),
        )
    ),
    "closed loop": one(BUSY),
    "closed loop that thinks": one(
        models.ClosedLoop(window=9, think=models.Normal(20 * MS, 5 * MS), size=IMIX), window=2
    ),
    "saturating": one(models.Saturating(size=[40, 1500, 576])),
    "replay": one(
        models.Replay(times_ns=[n * n * 7919 for n in range(900)], size=[1500, 40], start_ns=MS)
    ),
    "a flow that begins late and ends": one(
        models.Poisson(rate_pps=500, size=300, start_ns=500 * MS, packets=400), until=3.0
    ),
    "simple": carried(models.simple(program_ns=3000, interrupt_ns=5000)),
    "descriptor ring": carried(models.descriptor_ring(3, program_ns=2000, interrupt_ns=20_000)),
    "moderated": carried(models.moderated(4, 150_000, interrupt_ns=4000)),
    "in batches": carried(models.batching(5, descriptors=6)),
    "intelligent": carried(models.intelligent(4, program_ns=9000)),
    "intelligent and moderated": carried(
        models.intelligent(4, program_ns=9000, moderation=Moderation(3, 100_000))
    ),
    "inline": carried(models.inline(3, program_ns=4000)),
    "reordering": carried(models.reordering(3)),
    "dying": carried(Card(dies=Death(mean_up_ns=100 * MS, check_for_hang_ns=10 * MS, reset_ns=MS))),
    "dying at times, copying": carried(
        models.intelligent(3, dies=Death(at_ns=[70 * MS, 900 * MS], check_for_hang_ns=50 * MS))
    ),
    "first in, first out": queued(models.Fifo()),
    "priority": queued(models.Priority()),
    "deficit round robin": queued(models.Drr(700)),
    "codel": queued(models.CoDel(), None),
    "bit errors": lossy(models.BitErrors(1e-5), framing=models.Overhead(8)),
    "gilbert and elliott": lossy(models.GilbertElliott(0.02, 0.2, 0.001, 0.7)),
    "ppp": one(BUSY, models.Line(rate_bps=56_000, framing=models.Ppp(0x000A_0000)), 60.0),
    "jitter in order": jittery(models.Uniform(0, 10 * MS), reorder=False),
    "jitter that overtakes": jittery(models.Exponential(5 * MS), reorder=True),
    "many links of three kinds": lambda: (
        [
            models.Link(traffic=POISSON, line=T1, count=20, name="poisson"),
            models.Link(traffic=BUSY, line=LAN, count=3, card=models.moderated(8, MS), name="busy"),
            models.Link(traffic=BUSY, line=models.Multilink([T1, LAN, T1], 200), name="bundle"),
        ],
        1.0,
    ),
}


def fingerprint(scenario: Scenario, threads: int = 1) -> tuple[str, int]:
    """Of one run: the digest of all events, and how many packets came back."""
    links, until = scenario()
    seed = np.random.SeedSequence(2026)
    simulation = models.Simulation(links, seed=seed, threads=threads, detail="digest")
    simulation.run(until)
    columns = simulation.results().columns
    assert not columns["broken"].any()
    back = columns["succeeded"] + columns["aborted"]
    assert simulation.digest is not None
    return simulation.digest, int(back.sum())


def _pin(reason: str) -> None:
    was = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"reasons": [], "pins": {}}
    pins = {name: list(fingerprint(scenario)) for name, scenario in SCENARIOS.items()}
    others = [name for name in pins if pins[name] != was["pins"].get(name)]
    if not others and pins.keys() == was["pins"].keys():
        print("all as they were")
        return
    count = "all" if len(others) == len(pins) else ", ".join(others)
    reasons = [*was["reasons"], {"reason": reason, "concerns": count}]
    FILE.write_text(json.dumps({"reasons": reasons, "pins": pins}, indent=1) + "\n", "utf-8")
    print(f"{len(others)} of {len(pins)} are pinned anew: {count}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('expected a reason: python tests/scenarios.py "why they are others now"')
    _pin(sys.argv[1])
