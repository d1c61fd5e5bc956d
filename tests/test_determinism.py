"""A driver whose events depend on what is no choice is told as that, whoever the explorer and whatever the seed."""

from __future__ import annotations

import datetime as dt
import os
import random
import secrets
import sys
import time
import uuid
from random import random as luck
from time import monotonic as clock
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ndiswan as nw
from exploring_targets import Modem, Peer, careful
from ndiswan.exploring.determinism import watching
from ndiswan.exploring.repeating import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.exploring.execution import Scenario

ASKED: dict[str, Callable[[], object]] = {
    "random.random": luck,
    "random.normalvariate": lambda: random.normalvariate(0, 1),
    "random.triangular": random.triangular,
    "random.getrandbits": lambda: random.getrandbits(1),
    "random.Random": random.Random,
    "random.choice": lambda: random.SystemRandom().choice("ab"),
    "time.monotonic": lambda: clock(),  # noqa: PLW0108  the line that is to blame
    "time.clock_gettime_ns": lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC),
    "time.thread_time": lambda: time.thread_time(),  # noqa: PLW0108
    "datetime.datetime.now": lambda: dt.datetime.now(dt.UTC),
    "datetime.date.today": lambda: dt.date.today(),  # noqa: DTZ011, PLW0108
    "secrets.randbelow": lambda: secrets.randbelow(2),
    "os.urandom": lambda: os.urandom(1),
    "uuid.uuid4": lambda: uuid.uuid4(),  # noqa: PLW0108
    "numpy.random": lambda: np.random.random(),  # noqa: PLW0108
}


def sends(ask: Callable[[], object], many: Callable[[], int] = lambda: 2) -> Scenario:
    """A driver that asks for something in its send function."""

    class Asks(Modem):
        def wan_send(self, link, packet):
            _ = ask()
            return super().wan_send(link, packet)

    def scenario(ndis):
        link = ndis.bind(Peer(), Asks())
        for _ in range(many()):
            link.send(b"frame")
        ndis.run()

    return scenario


@pytest.mark.parametrize("called", ASKED)
def test_who_asks_for_the_time_or_for_luck_is_told_by_every_seed(called: str) -> None:
    """By whatever name it is imported, and if the events are the same by chance."""
    for seed in range(3):
        found = nw.explore(sends(ASKED[called]), seed=seed, executions=20)
        (why, *_) = found.nondeterministic
        assert f"calls {called}" in why
        assert "test_determinism.py" in why or called == "numpy.random"
        assert found.certificate is None
        assert f"not deterministic: {why}" in str(found)


def test_a_generator_with_a_seed_is_left_alone() -> None:
    """Its numbers are the same each time, be it the driver's own, or a global one that the scenario seeds."""

    def seeds(ndis):
        random.seed(5)
        np.random.seed(5)
        own = random.Random(6)
        asks = (own.random, luck, np.random.random, lambda: time.sleep(0))
        sends(lambda: [ask() for ask in asks])(ndis)

    before = random.getstate()
    try:
        assert nw.explore(seeds, executions=50).nondeterministic == []
    finally:
        random.setstate(before)


@pytest.mark.parametrize("explorer", ["bounded", "portfolio", "random"])
def test_what_nobody_can_see_is_told_as_something(explorer: str) -> None:
    """A generator of one's own without a seed: some executions are run again, so nothing is certified."""
    for _ in range(10):
        own = random.Random()
        found = nw.explore(
            sends(lambda: None, lambda own=own: own.randrange(1, 50)),
            explorer=explorer,
            executions=60,
        )
        assert found.nondeterministic == [UNKNOWN]
        assert found.certificate is None


def test_an_execution_that_the_plain_answers_do_not_lead_to_is_run_again() -> None:
    """The driver reads what is no choice after another answer only: the plain execution is always the same."""
    own = random.Random()

    def scenario(ndis):
        many = own.randrange(2, 50) if ndis.choose(4, "weather") else 1
        sends(lambda: None, lambda: many)(ndis)

    assert nw.explore(scenario, explorer="random", executions=50).nondeterministic == [UNKNOWN]


def test_an_exhaustive_search_that_is_led_elsewhere_certifies_nothing() -> None:
    """It goes the same way many times, and sees by itself that it is another one, in its middle only."""
    asked = 0

    def scenario(ndis):
        nonlocal asked
        asked += 1
        many = 3 if asked == 40 else 2
        for _ in range(many):
            ndis.choose(2, "weather")
        ndis.choose(many, "wind")
        ndis.choose(9, "rain")

    found = nw.explore(scenario, explorer="bounded", executions=1000)
    assert found.nondeterministic == [UNKNOWN]
    assert found.certificate is None


def test_a_careful_driver_has_its_certificate() -> None:
    """What is deterministic is not told as anything else."""

    def scenario(ndis):
        for _ in range(3):
            ndis.choose(2, "weather")

    found = nw.explore(scenario, explorer="bounded", executions=100)
    assert (found.nondeterministic, found.exhausted) == ([], True)
    assert (
        found.certificate == "exhausted up to 0 preemptions in 8 executions; no execution has more"
    )
    assert nw.explore(careful, executions=500).nondeterministic == []


def test_a_profiler_stays_where_it_is() -> None:
    """Who measures a search goes on with it; without one there is none afterwards."""
    calls: list[str] = []
    sys.setprofile(lambda *call: calls.append(call[1]))
    mine, seen = sys.getprofile(), {}
    with watching(seen):
        assert sys.getprofile() is mine
        luck()
    sys.setprofile(None)
    assert calls
    assert seen == {}
    with watching(seen):
        luck()
    assert sys.getprofile() is None
    assert len(seen) == 1
