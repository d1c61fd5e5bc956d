"""The line loses what its parameters say, and framing costs what the standard says."""

import math

import numpy as np
import pytest

from ndiswan import models


def simulated(line: models.Line, size: object = 1000, **other: object) -> models.Results:
    """A line that is kept busy."""
    flow = models.Saturating(size=size, packets=other.pop("packets", 20_000))
    return models.simulate(models.Link(traffic=flow, line=line, **other), seed=9)


def agrees(found: np.ndarray, exact: float) -> None:
    """The mean is the exact one within four standard errors, which are less than 2 % of it."""
    error = found.std(ddof=1) / math.sqrt(found.size)
    assert abs(found.mean() - exact) < 4 * error
    assert error < 0.02 * exact


@pytest.mark.parametrize(
    ("p", "r", "good", "bad"), [(0.01, 0.2, 0.0, 1.0), (0.1, 0.5, 0.02, 0.8), (1.0, 0.5, 0.0, 0.5)]
)
def test_gilbert_elliott_loses_its_mean(p: float, r: float, good: float, bad: float) -> None:
    """The share of lost frames is (r·loss_good + p·loss_bad) / (p + r)."""
    line = models.Line(rate_bps=10**9, loss=models.GilbertElliott(p, r, good, bad))
    found = simulated(line, count=100).columns["lost_share"]
    agrees(found, (r * good + p * bad) / (p + r))


def test_gilbert_elliott_loses_in_bursts_of_its_length() -> None:
    """With all lost in the bad state and none in the good one, bursts have 1/r frames on average, and gaps 1/p."""
    p, r = 0.02, 0.25
    line = models.Line(rate_bps=10**9, loss=models.GilbertElliott(p, r))
    flow = models.Saturating(size=1000, packets=400_000)
    simulation = models.Simulation(models.Link(traffic=flow, line=line), detail="trace")
    simulation.run()
    events = simulation.events()
    lost = events["detail"][events["kind"] == 3] == np.iinfo(np.uint64).max
    starts = np.flatnonzero(np.diff(lost.astype(int))) + 1
    lengths, first = np.diff(starts), lost[starts[:-1]]
    for kind, mean in (True, 1 / r), (False, 1 / p):
        found = lengths[first == kind]
        error = found.std(ddof=1) / math.sqrt(found.size)
        assert abs(found.mean() - mean) < 4 * error
        assert error < 0.02 * mean


@pytest.mark.parametrize(("rate", "size"), [(1e-6, 1500), (1e-5, 1000), (1e-4, 100)])
def test_bit_errors_lose_frames_with_a_wrong_bit(rate: float, size: int) -> None:
    """A frame of n bits, framing included, is lost with probability 1 - (1 - rate)ⁿ."""
    framing = models.Overhead(38)
    line = models.Line(rate_bps=10**9, framing=framing, loss=models.BitErrors(rate))
    found = simulated(line, size, count=100).columns["lost_share"]
    agrees(found, 1 - (1 - rate) ** ((size + 38) * 8))


@pytest.mark.parametrize("accm", [0, 0x000A_0000, 0xFFFF_FFFF])
def test_ppp_costs_flags_fcs_and_escapes(accm: int) -> None:
    """Two flags, two octets of FCS, an escape for each random octet with probability (2 + those of the ACCM)/256."""
    line = models.Line(rate_bps=8_000_000, framing=models.Ppp(accm))
    columns = simulated(line, 500, count=20).columns
    octets = columns["busy_ns"] / 1000 / columns["sent"]  # 1 µs each
    agrees(octets, 2 + 502 * (1 + (2 + accm.bit_count()) / 256))


def test_a_lost_frame_is_a_success_of_its_sender() -> None:
    """Everything that the line loses came back with SUCCESS, and is not received."""
    columns = simulated(models.Line(rate_bps=10**9, loss=models.BitErrors(1e-4))).columns
    assert columns["succeeded"][0] == 20_000 == columns["received"][0] + columns["lost"][0]
    assert columns["lost"][0] > 1000


@pytest.mark.parametrize("reorder", [False, True])
def test_jitter_delays_and_overtakes_only_if_it_may(reorder: bool) -> None:
    """Jitter adds its mean to the propagation; frames arrive in order, unless `reorder` lets them overtake."""
    jitter = models.Exponential(50_000)
    line = models.Line(
        rate_bps=8_000_000_000, propagation_ns=1_000_000, jitter=jitter, reorder=reorder
    )
    flow = models.Cbr(rate_pps=100_000, size=10, packets=50_000)
    simulation = models.Simulation(models.Link(traffic=flow, line=line), detail="trace", seed=2)
    simulation.run()
    events = simulation.events()
    arrivals = events["detail"][events["kind"] == 3].astype(int)
    delays = arrivals - 10_000 * np.arange(50_000) - 10 - 1_000_000
    assert delays.min() >= 0
    assert bool(np.any(np.diff(arrivals) < 0)) == reorder
    if reorder:
        assert delays.mean() == pytest.approx(50_000, rel=0.02)
        assert delays.std() == pytest.approx(50_000, rel=0.05)
    else:
        assert delays.mean() > 60_000  # who waits for others comes later
