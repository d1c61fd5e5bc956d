"""The same packets see the same luck: what one parameter changes, the others do not notice."""

import numpy as np
import pytest

from ndiswan import models

FLOWS = {
    "poisson": models.Poisson(rate_pps=2000, size=models.UniformSize(40, 1500), packets=3000),
    "mmpp": models.Mmpp(
        rates_pps=[4000, 500],
        transitions_per_s=[[0, 50], [50, 0]],
        size=models.ExponentialSize(500, 1500),
        packets=3000,
    ),
    "on and off": models.OnOff(
        rate_pps=4000,
        on=models.Exponential(10e6),
        off=models.Pareto(10e6),
        size=models.Mix([40, 576, 1500], [7, 4, 1]),
        packets=3000,
    ),
}
LINE = {
    "rate_bps": 10_000_000,
    "propagation_ns": 1000,
    "loss": models.GilbertElliott(0.02, 0.2),
    "jitter": models.Exponential(50_000),
    "reorder": True,
}


def fate(flow: models.Flow, *others: models.Flow, **changes: object) -> dict[str, list[int]]:
    """For each packet of the first flow in its order: when it came, its size, whether it is lost, its jitter."""
    line = models.Line(**{**LINE, **changes.pop("line", {})})
    seed = changes.pop("seed", 7)
    setting = {"window": 4, "queue": models.Queue(limit=None), **changes}
    link = models.Link(traffic=[flow, *others], line=line, **setting)
    simulation = models.Simulation(link, detail="trace", seed=seed)
    assert simulation.run()
    packets, events = simulation.results().packets, simulation.events()
    left, first = events["kind"] == 3, packets["flow"] == 0
    order = np.argsort(packets["number"][first])
    mine = left & (events["flow"] == 0)
    arrives = events["detail"][mine][np.argsort(events["number"][mine])]
    lost = arrives == np.iinfo(np.uint64).max
    finished = packets["returned_ns"][first][order]
    jitter = np.where(lost, 0, arrives.astype(np.int64) - finished.astype(np.int64))
    return {
        "offered": packets["offered_ns"][first][order].tolist(),
        "sizes": packets["bytes"][first][order].tolist(),
        "lost": lost.tolist(),
        "jitter": jitter.tolist(),
    }


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
@pytest.mark.parametrize(
    "changes",
    [
        {"line": {"rate_bps": 64_000_000}},
        {"line": {"rate_bps": 3_000_000}},
        {"window": 1},
        {"window": 64},
        {"card": models.descriptor_ring(2, program_ns=100_000)},
        {"queue": models.Queue(models.Priority(), None)},
    ],
    ids=["faster", "slower", "window 1", "window 64", "another card", "another queue"],
)
def test_rate_window_card_and_queue_change_no_packets_luck(
    flow: models.Flow, changes: dict
) -> None:
    """Arrival, size, loss and jitter of each packet are the same to the nanosecond at every point of a sweep."""
    assert fate(flow, **changes) == fate(flow)


def test_another_flow_changes_no_arrival_and_no_size() -> None:
    """A flow beside it, with luck of its own, leaves the arrivals, sizes and jitter of the first as they are."""
    other = models.Poisson(rate_pps=500, size=models.UniformSize(40, 1500), packets=700)
    both, alone = fate(FLOWS["poisson"], other), fate(FLOWS["poisson"])
    for what in "offered", "sizes":
        assert both[what] == alone[what]


def test_each_parameter_with_luck_changes_its_own_alone() -> None:
    """Another loss changes neither arrivals nor sizes, another size no arrival, another jitter no loss."""
    flow, plain = FLOWS["poisson"], fate(FLOWS["poisson"])
    loss = fate(flow, line={"loss": models.GilbertElliott(0.2, 0.2)})
    jitter = fate(flow, line={"jitter": models.Uniform(0, 1000)})
    sizes = fate(models.Poisson(rate_pps=2000, size=200, packets=3000))
    assert (loss["offered"], loss["sizes"]) == (plain["offered"], plain["sizes"])
    assert loss["lost"] != plain["lost"]
    assert jitter["lost"] == plain["lost"]
    assert jitter["jitter"] != plain["jitter"]
    assert (sizes["offered"], sizes["jitter"]) == (plain["offered"], plain["jitter"])


def test_a_worse_line_loses_what_the_better_one_loses_and_more() -> None:
    """With bit errors of a larger rate every frame is lost that was lost before: sweeps are smooth."""
    lost = [
        set(np.flatnonzero(fate(FLOWS["poisson"], line={"loss": models.BitErrors(rate)})["lost"]))
        for rate in (1e-6, 1e-5, 1e-4)
    ]
    assert lost[0] < lost[1] < lost[2]


def test_a_faster_source_is_the_same_source_sooner() -> None:
    """A Poisson flow of twice the rate has its packets at half the times, to the rounding of each."""
    slow = fate(models.Poisson(rate_pps=1000, size=100, packets=2000))["offered"]
    fast = fate(models.Poisson(rate_pps=2000, size=100, packets=2000))["offered"]
    assert np.allclose(slow, 2 * np.array(fast), rtol=0, atol=2 * 2000)


def test_seeds_and_links_have_luck_of_their_own() -> None:
    """Another seed, another link of the list and another of a `count` see other arrivals; the same seed the same."""
    flow = FLOWS["poisson"]
    assert fate(flow, seed=7) == fate(flow, seed=7)
    assert fate(flow, seed=8) != fate(flow, seed=7)
    links = [models.Link(traffic=flow, line=models.Line(**LINE), count=2, name=n) for n in "ab"]
    packets = models.simulate(links, detail="packets").packets
    firsts = packets["number"] == 0
    assert sorted(packets["link"][firsts]) == [0, 1, 2, 3]
    assert np.unique(packets["offered_ns"][firsts]).size == 4


def test_a_seed_sequence_is_not_used_up() -> None:
    """The same `SeedSequence` gives the same luck twice, and one that it spawned another."""
    root = np.random.SeedSequence(12)
    child = root.spawn(1)[0]
    first, again, other = (fate(FLOWS["mmpp"], seed=seed) for seed in (root, root, child))
    assert first == again != other
