"""Built-in links from Python: parameters, runs, results."""

import pytest

from ndiswan import models

T1 = models.Line(rate_bps=1_544_000)


def test_a_saturated_line_is_busy_all_the_time() -> None:
    """A closed loop as large as the window keeps the line at its rate, and every packet comes back."""
    flow = models.ClosedLoop(window=4, size=500, packets=1000)
    results = models.simulate(models.Link(traffic=flow, line=T1, window=4, name="t1"))
    columns = results.columns
    assert (columns["sent"][0], columns["succeeded"][0], columns["broken"][0]) == (1000, 1000, 0)
    assert columns["utilisation"][0] == pytest.approx(1, abs=1e-9)
    assert results["t1"]["miniport"].count == 1000


def test_the_number_of_cores_changes_nothing() -> None:
    """The fingerprint and the counters of many links are the same on one core and on several."""
    flow = models.Poisson(rate_pps=300, size=models.UniformSize(64, 1500))
    link = models.Link(traffic=flow, line=T1, count=50)
    runs = []
    for threads in 1, 2, 5:
        simulation = models.Simulation(link, seed=7, threads=threads, detail="digest")
        simulation.run(5)
        results = simulation.results()
        runs.append((simulation.digest, results["link0"]["latency"].sum))
    assert runs[0] == runs[1] == runs[2]


def test_a_run_in_pieces_is_the_run() -> None:
    """Stopping at times, or after so many events, changes neither the events nor the results."""
    flow = models.Poisson(rate_pps=300, size=500)
    whole, times, events = (
        models.Simulation(models.Link(traffic=flow, line=T1, count=3), detail="digest")
        for _ in range(3)
    )
    whole.run(3)
    for until in range(1, 31):
        times.run(until / 10)
    while not events.run(3, max_events=17):
        assert events.now < 3
    assert whole.digest == times.digest == events.digest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: models.Line(rate_bps=-1), "Line.rate_bps: expected a whole number"),
        (lambda: models.Line(rate_bps=float("nan")), "Line.rate_bps: expected a whole number"),
        (lambda: models.BitErrors(float("inf")), "BitErrors.rate: expected a finite number"),
        (
            lambda: models.Link(traffic=models.Saturating(size=9), line=T1, window=0),
            "Link.window: expected a whole number from 1",
        ),
    ],
    ids=["negative", "nan", "infinite", "no window"],
)
def test_a_parameter_that_cannot_be_is_named(make, message) -> None:
    """A wrong parameter raises where it is written, with its class and its name."""
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_time_that_overflows_is_said() -> None:
    """A line that would need more than 146 years for what it has is an error with the link and the time."""
    line = models.Line(rate_bps=8, mtu=65_536, framing=models.Overhead(2**32 - 1))
    flow = models.ClosedLoop(window=100, size=65_536, packets=1000)
    simulation = models.Simulation(models.Link(traffic=flow, line=line, window=100))
    with pytest.raises(
        ValueError, match=r"link 0: at 1000000000 ns its card has frames .*146 years"
    ):
        simulation.run(until=1)
    assert simulation.results().columns["sent"][0] > 0
