"""What a simulation measures is what theory says: queues, losses, traffic and disciplines with exact answers.

Each queue is simulated 200 times, and as many of the 200 confidence intervals of 95 % cover the exact value as should:
the number of those that miss it lies in the binomial's range.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from ndiswan import models

MS = 1_000_000
EXPONENTIAL = models.ExponentialSize(
    2000, 65536
)  # 1 ms at this rate, and cut where exp(-32) is left
RATE_BPS = 16_000_000
STUDENT_95 = 2.262157  # 97.5 % of Student's t with 9 degrees of freedom
REPLICATIONS, LINKS = 200, 10


@dataclass(frozen=True)
class Answer:
    """A link, the column that is looked at, and its exact value."""

    link: models.Link
    measured: Callable[[dict[str, np.ndarray]], np.ndarray]
    exact: float
    until: float = 5.0


def link(flow: models.Flow, *, waiting: int | None = None, **other: object) -> models.Link:
    """A link that serves one packet at a time."""
    line = models.Line(rate_bps=other.pop("rate_bps", RATE_BPS), mtu=65536)
    other = {"window": 1, **other}
    return models.Link(traffic=flow, line=line, queue=models.Queue(limit=waiting), **other)


def poisson(load: float, size: object = EXPONENTIAL) -> models.Flow:
    """Poisson arrivals that keep the line busy for so large a share of the time, if it takes 1 ms a packet."""
    return models.Poisson(rate_pps=1000 * load, size=size)


def in_system(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Packets at the link, averaged over time."""
    return columns["queued"] + columns["outstanding"]


def waiting(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Packets that wait, averaged over time."""
    return columns["queued"]


def blocked(columns: dict[str, np.ndarray]) -> np.ndarray:
    """The share of packets that find no place."""
    return columns["dropped_full"] / columns["offered"]


def a_second(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Packets a second."""
    return columns["succeeded"] / columns["elapsed_ns"] * 1e9


def finite_queue(load: float, places: int) -> float:
    """How many are turned away by M/M/1/K."""
    return load**places / sum(load**n for n in range(places + 1))


def erlang_b(load: float, servers: int) -> float:
    """Erlang 1917: how many find all servers busy, by the usual recursion."""
    share = 1.0
    for n in range(1, servers + 1):
        share = load * share / (n + load * share)
    return share


def mean_value_analysis(customers: int, think_ms: float, service_ms: float) -> float:
    """Reiser and Lavenberg 1980: how many a second go round a delay and one server."""
    there = 0.0
    for n in range(1, customers + 1):
        response = service_ms * (1 + there)
        there = n / (think_ms + response) * response
    return 1000 * customers / (think_ms + response)


def pollaczek_khinchine(load: float, sizes: list[int], weights: list[int]) -> Answer:
    """How many wait in M/G/1: half the squared rate times E[S²], over what is free of the line."""
    share = np.array(weights) / sum(weights)
    seconds = np.array(sizes) * 8 / RATE_BPS
    rate = load / (seconds @ share)
    flow = models.Poisson(rate_pps=rate, size=models.Mix(sizes, weights))
    exact = rate**2 * (seconds**2 @ share) / 2 / (1 - load)
    return Answer(link(flow), waiting, exact, until=2.0)


def erlang(load: float, servers: int) -> Answer:
    """A card with so many places that holds each packet for 1 ms, on a line that takes no time.

    It is M/D/c/c; Erlang's formula holds for any distribution of the holding time.
    """
    card = models.Card(program_ns=MS)
    flow = poisson(load, size=1)
    own = link(flow, waiting=0, window=servers, card=card, rate_bps=10**13)
    return Answer(own, blocked, erlang_b(load, servers))


def closed(customers: int, window: int, think: models.Duration) -> Answer:
    """So many packets go round; who finds the window full waits above it."""
    flow = models.ClosedLoop(window=customers, think=think, size=EXPONENTIAL)
    own = link(flow, waiting=customers, window=window)
    return Answer(own, a_second, mean_value_analysis(customers, 4, 1))


ANSWERS = {
    "M/M/1, load 0.5": Answer(link(poisson(0.5)), in_system, 0.5 / 0.5),
    "M/M/1, load 0.7": Answer(link(poisson(0.7)), in_system, 0.7 / 0.3, until=10.0),
    "M/D/1, load 0.7": Answer(link(poisson(0.7, 2000)), waiting, 0.7**2 / 2 / 0.3),
    "M/G/1, IMIX, load 0.6": pollaczek_khinchine(0.6, [40, 576, 1500], [7, 4, 1]),
    "M/M/1/5, load 0.8": Answer(link(poisson(0.8), waiting=4), blocked, finite_queue(0.8, 5)),
    "M/M/1/5, load 1.2, 3 of them in the window": Answer(
        link(poisson(1.2), waiting=2, window=3), blocked, finite_queue(1.2, 5)
    ),
    "Erlang B, 5 servers": erlang(3.0, 5),
    "Erlang B, 1 server": erlang(0.5, 1),
    "closed, exponential thoughts": closed(5, 1, models.Exponential(4 * MS)),
    "closed, a window of 3": closed(5, 3, models.Exponential(4 * MS)),
    "closed, constant thoughts": closed(5, 1, models.Constant(4 * MS)),
}


def misses_within(probability: float) -> tuple[int, int]:
    """Between which numbers of misses all but such a share of runs lie, on each side."""
    weights = [
        math.comb(REPLICATIONS, k) * 0.05**k * 0.95 ** (REPLICATIONS - k)
        for k in range(REPLICATIONS + 1)
    ]
    below = np.cumsum(weights)
    return int(np.searchsorted(below, probability)), int(np.searchsorted(below, 1 - probability))


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_intervals_cover_the_exact_value_as_often_as_they_say(answer: Answer) -> None:
    """Of 200 intervals of 95 %, each from ten links with luck of their own, as many miss as the binomial lets."""
    many = models.Link(**{**vars(answer.link), "count": REPLICATIONS * LINKS})
    columns = models.simulate(many, until=answer.until, warmup=0.2, seed=1).columns
    assert columns["broken"].sum() == 0
    values = answer.measured(columns).reshape(REPLICATIONS, LINKS)
    half = STUDENT_95 * values.std(axis=1, ddof=1) / math.sqrt(LINKS)
    misses = int(np.sum(np.abs(values.mean(axis=1) - answer.exact) > half))
    least, most = misses_within(0.001)
    assert least <= misses <= most
    # All of them together are a far sharper question.
    error = values.std(ddof=1) / math.sqrt(values.size)
    assert abs(values.mean() - answer.exact) < 4 * error
    assert error < 0.01 * answer.exact


def test_batches_of_one_run_cover_the_exact_value_too() -> None:
    """Intervals from the batch means of one run each hold M/M/1's mean latency as often as they say, over 200 seeds."""
    misses, queue = 0, link(poisson(0.5))
    for seed in range(REPLICATIONS):
        [means] = models.simulate(queue, until=60, seed=seed).batches
        # Student's t for 32 to 63 batches (Cornish and Fisher 1938), to the third decimal.
        student = 1.959964 + 2.372 / (means.size - 1) + 2.82 / (means.size - 1) ** 2
        half = student * means.std(ddof=1) / math.sqrt(means.size)
        misses += abs(means.mean() - 2 * MS) > half
    least, most = misses_within(0.001)
    assert least <= misses <= most


def test_latencies_of_an_m_m_1_queue_are_exponential() -> None:
    """Not the mean alone: each quantile of the time in the system is that of the exponential distribution."""
    results = models.simulate(link(poisson(0.5), count=100), until=50, warmup=0.2, seed=3)
    latency = results["link0"]["latency"]
    for q in 0.1, 0.5, 0.9, 0.99:
        assert latency.quantile(q) == pytest.approx(-math.log(1 - q) * 2 * MS, rel=0.02), q
