"""Traffic has the rates that its parameters say."""

import math
from pathlib import Path

import numpy as np
import pytest

from ndiswan import models
from ndiswan._native import CaptureWriter, read_frames
from ndiswan.models import scenario
from repository import ROOT

LINE = models.Line(rate_bps=10**12)
MS = 1_000_000


def rates(flow: models.Flow, until: float = 20.0, count: int = 50) -> np.ndarray:
    """Packets a second of many flows with luck of their own."""
    link = models.Link(traffic=flow, line=LINE, window=64, count=count)
    columns = models.simulate(link, until=until, seed=5).columns
    return columns["offered"] / columns["elapsed_ns"] * 1e9


def agrees(found: np.ndarray, exact: float) -> None:
    """The mean is the exact one within four standard errors, which are less than 1 % of it."""
    error = found.std(ddof=1) / math.sqrt(found.size)
    assert abs(found.mean() - exact) < 4 * error
    assert error < 0.01 * exact


def test_a_poisson_flow_has_its_mean_and_its_spread() -> None:
    """So many packets a second, and a variance of the counts that is their mean."""
    found = rates(models.Poisson(rate_pps=1000, size=9), count=400)
    agrees(found, 1000)
    assert (found * 20).var(ddof=1) == pytest.approx(20_000, rel=0.3)


def test_a_constant_flow_is_exact_to_the_packet() -> None:
    """The n-th packet comes at n intervals, rounded to the nanosecond, with no error that adds up."""
    found = rates(models.Cbr(rate_pps=3000, size=9), until=10.0, count=1)
    assert found[0] == pytest.approx(3000.1, abs=1e-6)  # the first comes at 0, the last at 10 s


@pytest.mark.parametrize(
    "off",
    [models.Exponential(30 * MS), models.Constant(30 * MS), models.Uniform(0, 60 * MS)],
    ids=lambda off: off.kind,
)
def test_an_on_off_flow_has_the_mean_rate_of_its_states(off: models.Duration) -> None:
    """A packet at once and one each interval i: an exponential "on" of mean m sends 1/(1 - exp(-i/m)) on average."""
    on = models.Exponential(10 * MS)
    packets = 1 / (1 - math.exp(-1 * MS / (10 * MS)))
    found = rates(models.OnOff(rate_pps=1000, on=on, off=off, size=9), until=100.0)
    agrees(found, packets / 0.040)


def test_a_pareto_burst_has_its_mean() -> None:
    """Heavy-tailed bursts, with a tail that still has a variance, fill the share of time that they should."""
    on, off = models.Pareto(10 * MS, 2.5), models.Constant(30 * MS)
    found = rates(models.OnOff(rate_pps=100_000, on=on, off=off, size=9), until=20.0)
    # A burst of length t has ceil(t/i) packets: on average half a packet more than t/i, for a density this smooth.
    agrees(found, (1000 + 0.5) / 0.040)


def test_a_markov_modulated_flow_has_the_mean_rate_of_its_chain() -> None:
    """The rates weighted with the stationary distribution of the chain."""
    rates_pps = [1000.0, 100.0, 0.0]
    transitions = [[0.0, 20.0, 5.0], [10.0, 0.0, 10.0], [30.0, 0.0, 0.0]]
    generator = np.array(transitions)
    np.fill_diagonal(generator, -generator.sum(axis=1))
    system = np.vstack([generator.T, np.ones(3)])
    stationary = np.linalg.lstsq(system, np.array([0, 0, 0, 1.0]))[0]
    flow = models.Mmpp(rates_pps=rates_pps, transitions_per_s=transitions, size=9)
    agrees(rates(flow, until=100.0), float(stationary @ rates_pps))


def test_the_diagonal_of_a_generator_matrix_is_not_looked_at() -> None:
    """A matrix whose rows sum to 0 is the same as one with zeros there; another negative rate is refused."""
    flow = models.Mmpp(rates_pps=[1, 2], transitions_per_s=[[-3, 3], [4, -4]], size=9)
    assert flow.to_dict()["arrivals"]["transitions_per_s"] == [[0, 3], [4, 0]]
    with pytest.raises(ValueError, match=r"Mmpp.transitions_per_s\[0\]\[1\]"):
        models.Mmpp(rates_pps=[1, 2], transitions_per_s=[[0, -3], [4, 0]], size=9)


def test_a_replay_is_its_times() -> None:
    """Packets are offered at the given times and with the given sizes, in turn."""
    times = np.array([0, 5, 5, 1000, 70_000])
    flow = models.Replay(times_ns=times, size=[100, 200], start_ns=7)
    link = models.Link(traffic=flow, line=LINE, window=64)
    packets = models.simulate(link, detail="packets").packets
    order = np.argsort(packets["number"])
    assert packets["offered_ns"][order].tolist() == (times + 7).tolist()
    assert packets["bytes"][order].tolist() == [100, 200, 100, 200, 100]


DIAL_UP = ROOT / "examples" / "dial-up.pcapng"
PPP = 9


def capture(path: Path, *frames: tuple[int, int]) -> Path:
    """A capture of frames with these times and sizes."""
    with CaptureWriter(path) as writer:
        for time_ns, size in frames:
            writer.frame("wan", PPP, time_ns, bytes(size))
    return path


def test_a_capture_is_replayed_at_its_own_times() -> None:
    """Each frame of a capture is offered when it came, from the first frame on, with its size."""
    frames = read_frames(DIAL_UP)
    flow = models.Replay.from_capture(DIAL_UP)
    simulation = models.Simulation(
        models.Link(traffic=flow, line=models.Line(10**9), window=64), detail="packets"
    )
    assert simulation.run()
    packets = simulation.results().packets
    first = frames[0][0]
    assert packets["offered_ns"].tolist() == [time_ns - first for time_ns, _, _ in frames]
    assert packets["bytes"].tolist() == [len(data) for _, _, data in frames]


def test_gaps_can_be_longer_or_shorter() -> None:
    """`gaps` scales the times and leaves the sizes; 0 sends everything at once."""
    own, twice, none = (models.Replay.from_capture(DIAL_UP, gaps=g) for g in (1, 2, 0))
    assert np.array_equal(twice.times_ns, own.times_ns * 2)
    assert not none.times_ns.any()
    assert own.size.to_dict() == twice.size.to_dict() == none.size.to_dict()


def test_what_is_out_of_order_is_put_in_order(tmp_path: Path) -> None:
    """Frames are replayed in the order of their times, and those of one time in the order of the file."""
    flow = models.Replay.from_capture(
        capture(tmp_path / "a.pcapng", (10, 5), (3, 6), (10, 7), (3, 8)), start_ns=4, packets=3
    )
    assert flow.times_ns.tolist() == [0, 0, 7, 7]
    assert flow.size.bytes.tolist() == [6, 8, 5, 7]
    assert (flow.start_ns, flow.packets) == (4, 3)


def test_a_capture_without_frames_or_with_an_empty_one_is_refused(tmp_path: Path) -> None:
    """What cannot be sent is named with the file, and a frame with its number."""
    with pytest.raises(ValueError, match=r"none\.pcapng: expected a capture with frames, got none"):
        models.Replay.from_capture(capture(tmp_path / "none.pcapng"))
    with pytest.raises(ValueError, match="got an empty one, number 2"):
        models.Replay.from_capture(capture(tmp_path / "e.pcapng", (1, 1), (2, 0)))
    with pytest.raises(OSError, match=r"missing\.pcapng"):
        models.Replay.from_capture(tmp_path / "missing.pcapng")
    with pytest.raises(ValueError, match="gaps: expected a finite number of 0 or more"):
        models.Replay.from_capture(DIAL_UP, gaps=-1)


def test_gaps_that_are_too_long_for_a_run_are_refused(tmp_path: Path) -> None:
    """By their own name, in a file at their own place; all frames came at time 0, or the times were named."""
    for gaps in (1e12, 1e15, 1e300):
        with pytest.raises(ValueError, match=r"^gaps: expected at most .* 146 years, got 1e"):
            models.Replay.from_capture(DIAL_UP, gaps=gaps)
    text = f"""
        [[link]]
        traffic = {{ kind = "replay", capture = "{DIAL_UP}", PLACE }}
        line = {{ rate_bps = 64_000 }}
    """
    for wrong, said in (
        ("gaps = 1e300", "gaps: expected at"),
        ("start_ns = -1", "start_ns: expected"),
    ):
        one = text.replace("PLACE", wrong)
        column = one.splitlines()[2].index(wrong) + wrong.index("=") + 3
        with pytest.raises(
            scenario.ScenarioError, match=rf"<text>:3:{column}: link\[0\]\.traffic\.{said}"
        ):
            scenario.loads(one)
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(DIAL_UP.read_bytes()[:-3])
    with pytest.raises(scenario.ScenarioError, match=r"cut = true takes those"):
        scenario.loads(text.replace(str(DIAL_UP), str(cut)).replace(", PLACE", ""))
