"""What the disciplines above the window do for whom, beside what their papers promise."""

import numpy as np
import pytest

from ndiswan import models

LINE = models.Line(rate_bps=10_000_000)


def shares(discipline: models.Discipline, *flows: models.Flow, until: float = 5.0) -> list[float]:
    """The share of the line's bytes that each flow has, the first second left out."""
    link = models.Link(traffic=flows, line=LINE, window=2, queue=models.Queue(discipline, None))
    packets = models.simulate(link, until=until, warmup=1, detail="packets").packets
    assert packets["bytes"].size
    total = np.bincount(packets["flow"].astype(int), packets["bytes"], len(flows))
    return (total / total.sum()).tolist()


def saturating(size: object, traffic_class: int) -> models.Flow:
    """A flow that always has one more."""
    return models.Saturating(size=size, traffic_class=traffic_class)


@pytest.mark.parametrize("quantum", [100, 500, 1500, 5000])
def test_drr_gives_each_class_its_share_of_bytes(quantum: int) -> None:
    """Three classes with packets of 1500, 100 and mixed sizes have a third of the bytes each."""
    mixed = models.UniformSize(40, 1500)
    flows = [saturating(size, n) for n, size in enumerate([1500, 100, mixed])]
    assert shares(models.Drr(quantum), *flows) == pytest.approx([1 / 3] * 3, abs=0.01)


def test_first_in_first_out_gives_bytes_to_who_has_large_packets() -> None:
    """Without DRR the same flows share packets, not bytes."""
    flows = [saturating(1500, 0), saturating(100, 1)]
    assert shares(models.Fifo(), *flows) == pytest.approx([15 / 16, 1 / 16], abs=0.01)


def test_drr_leaves_what_one_class_does_not_need_to_the_others() -> None:
    """A class that needs a tenth has it, and two that want all share the rest."""
    little = models.Cbr(rate_pps=125, size=1000)
    flows = [little, saturating(1500, 1), saturating(500, 2)]
    assert shares(models.Drr(), *flows) == pytest.approx([0.1, 0.45, 0.45], abs=0.01)


def test_priority_starves_the_other_classes() -> None:
    """While class 0 has packets no other packet is sent, but those that were under way before."""
    flows = [saturating(1000, 1), saturating(1000, 0)]
    assert shares(models.Priority(), *flows) == [0, 1]


def test_priority_lets_others_have_the_rest() -> None:
    """A class 0 that needs a tenth waits for hardly more than two frames on the line; the rest goes to class 1."""
    flows = [models.Poisson(rate_pps=125, size=1000), saturating(1000, 1)]
    assert shares(models.Priority(), *flows, until=60) == pytest.approx([0.1, 0.9], abs=0.01)


def closed(discipline: models.Discipline) -> models.Results:
    """200 packets go round a line that carries one a millisecond; each rests 20 ms when it is back, or dropped."""
    flow = models.ClosedLoop(window=200, think=models.Exponential(20e6), size=1250)
    link = models.Link(traffic=flow, line=LINE, window=2, queue=models.Queue(discipline, None))
    return models.simulate(link, until=200, warmup=100)


def test_codel_keeps_the_time_in_the_queue_near_its_target() -> None:
    """Where a FIFO keeps packets for 177 ms, they wait some 17 with CoDel's target of 5 ms, and the line stays busy."""
    plain, codel = closed(models.Fifo()), closed(models.CoDel())
    assert plain["link0"]["queued"].quantile(0.5) > 170e6
    assert 5e6 < codel["link0"]["queued"].quantile(0.5) < 20e6
    assert codel.columns["utilisation"][0] == pytest.approx(1, abs=1e-6)


def test_codel_cannot_slow_down_who_does_not_listen() -> None:
    """Its drop rate rises slowly: against half too much that never backs off the wait grows all the same."""
    flow = models.Poisson(rate_pps=1500, size=1250)
    link = models.Link(traffic=flow, line=LINE, window=2, queue=models.Queue(models.CoDel(), None))
    results = models.simulate(link, until=60)
    assert results["link0"]["queued"].quantile(0.5) > 100e6


def test_codel_drops_tiny_packets_too() -> None:
    """A queue of thousands of packets of 10 bytes stands, although the next 64 of them are less than 1,500 bytes."""
    flow = models.Cbr(rate_pps=200_000, size=10)
    link = models.Link(traffic=flow, line=LINE, window=2, queue=models.Queue(models.CoDel(), None))
    assert models.simulate(link, until=2).columns["dropped_early"][0] > 10


def test_what_codel_drops_at_once_is_dropped_oldest_first() -> None:
    """Two packets that are dropped at one instant are dropped in the order in which they came."""
    flow = models.Cbr(rate_pps=1e6, size=75, packets=27)
    queue = models.Queue(models.CoDel(1000, 5000), None)
    line = models.Line(rate_bps=8_000_000)
    simulation = models.Simulation(
        models.Link(traffic=flow, line=line, window=1, queue=queue), detail="trace"
    )
    simulation.run()
    events = simulation.events()
    dropped = events["number"][events["kind"] == 2]
    assert dropped.tolist() == [2, 4, 5]


def test_who_goes_round_and_finds_the_queue_full_waits_for_room() -> None:
    """A closed loop that begins when other traffic has filled the queue is dropped once, and then has its turns."""
    flows = [
        models.ClosedLoop(window=1, size=125, start_ns=1_500_000, packets=50),
        models.Cbr(rate_pps=10_000, size=1250, packets=1000),
    ]
    link = models.Link(traffic=flows, line=LINE, window=1, queue=models.Queue(limit=1))
    simulation = models.Simulation(link, detail="packets")
    assert simulation.run()
    sent = np.bincount(simulation.results().packets["flow"].astype(int))
    assert sent[0] == 49
