"""SimPy and this package: one clock for both, and the same events where both simulate the same link."""

import pytest

import ndiswan as nw
from ndiswan import models
from ndiswan.processes import Sender, World
from random_links import events_of

simpy = pytest.importorskip("simpy")

import simpy_link  # noqa: E402  (it needs SimPy)
from ndiswan.simpy_bridge import SimPyWorld  # noqa: E402  (it needs SimPy)
from test_processes import Line, chatter  # noqa: E402


def test_processes_and_timers_happen_in_the_order_of_time() -> None:
    """A process of SimPy that looks every 0.4 s and a line with a frame a second see each other's steps in order."""
    log = []

    class Peer(nw.Protocol):
        def send_complete(self, packet, status):
            log.append(("completed", env.now))

    def looks():
        for _ in range(8):
            log.append(("looks", env.now))
            yield env.timeout(0.4)

    with nw.Ndis() as ndis:
        env = SimPyWorld(ndis)
        link = ndis.bind(Peer(), Line(1.0))
        env.process(looks())
        for _ in range(3):
            link.send(b"frame")
        env.run()
        assert ndis.now == env.now
    times = [round(time, 6) for _, time in log]
    assert times == sorted(times)
    assert [time for what, time in log if what == "completed"] == [1, 2, 3]
    assert [round(time, 6) for what, time in log if what == "looks"] == [
        round(0.4 * n, 6) for n in range(8)
    ]


def test_a_callback_may_wake_a_process_at_its_own_time() -> None:
    """A process sees an event that `send_complete` triggers at the time of the completion."""
    with nw.Ndis() as ndis:
        env = SimPyWorld(ndis)
        sender = Sender(env)
        link = ndis.bind(sender, Line(0.25))
        seen = []

        def client():
            for _ in range(4):
                status = yield sender.send(link, b"frame")
                seen.append((env.now, status))

        done = env.process(client())
        env.run(done)
    assert seen == [(0.25 * n, nw.SUCCESS) for n in (1, 2, 3, 4)]


def test_a_store_of_simpy_is_fed_by_a_driver() -> None:
    """A resource of SimPy works from inside of a callback of the engine."""
    with nw.Ndis() as ndis:
        env = SimPyWorld(ndis)
        store, got = simpy.Store(env), []

        class Peer(nw.Protocol):
            def send_complete(self, packet, status):
                store.put(env.now)

        def reader():
            while True:
                item = yield store.get()
                got.append((item, env.now))

        link = ndis.bind(Peer(), Line(0.5))
        env.process(reader())
        link.send(b"one")
        link.send(b"two")
        env.run(until=5)
        assert env.now == 5
    assert got == [(0.5, 0.5), (1.0, 1.0)]


def test_a_broken_rule_and_an_exception_end_the_run() -> None:
    """What a callback raises comes out of `env.run`, as it would out of `ndis.run`."""

    class Peer(nw.Protocol):
        def send_complete(self, packet, status):
            raise ZeroDivisionError("in a callback")

    with nw.Ndis() as ndis:
        env = SimPyWorld(ndis)
        ndis.bind(Peer(), Line(0.5)).send(b"frame")
        env.timeout(10)
        with pytest.raises(ZeroDivisionError, match="in a callback"):
            env.run()


@pytest.mark.parametrize("kind", [nw.RealTime, nw.AdversarialTime])
def test_another_time_is_refused(kind) -> None:
    """The clock of an `Ndis` in real time cannot be SimPy's, nor can one that an explorer sets."""
    with nw.Ndis(time=kind()) as ndis, pytest.raises(ValueError, match="virtual time"):
        SimPyWorld(ndis)


def test_processes_of_simpy_and_of_a_world_do_the_same() -> None:
    """The same generators over the same drivers give the same log in both."""
    logs = []
    for make in World, SimPyWorld:
        with nw.Ndis() as ndis:
            logs.append(chatter(make(ndis), ndis))
    assert logs[0] == logs[1]
    assert len(logs[0]) > 20


LINE = models.Line(rate_bps=8_000_000, propagation_ns=250_000)
SCENARIOS = {
    "closed loop": models.Link(
        traffic=models.ClosedLoop(window=6, size=1000, packets=200), line=LINE, window=4
    ),
    "too much for the line": models.Link(
        traffic=models.Cbr(rate_pps=1300, size=1000, packets=200),
        line=LINE,
        window=3,
        queue=models.Queue(limit=None),
    ),
    "moderated by time": models.Link(
        traffic=models.Cbr(rate_pps=700, size=1000, packets=200),
        line=LINE,
        card=models.moderated(100, 2_600_000),
    ),
    "moderated by count": models.Link(
        traffic=models.Replay(times_ns=[n * n * 37_001 for n in range(200)], size=500, packets=200),
        line=LINE,
        window=8,
        card=models.moderated(3, 900_000_000),
    ),
    "moderated, in a closed loop": models.Link(
        traffic=models.ClosedLoop(window=9, size=1000, packets=200),
        line=LINE,
        window=5,
        card=models.moderated(2, 1_700_000),
    ),
}


@pytest.mark.parametrize("link", SCENARIOS.values(), ids=SCENARIOS)
def test_the_same_scenario_in_simpy_has_the_same_events(link: models.Link) -> None:
    """Each send, completion and arrival is at the same nanosecond as in SimPy; the order at one instant is ours."""
    simulation = models.Simulation(link, detail="trace")
    simulation.run(5)
    ours = [(what, time, number) for what, time, (_, number), _ in events_of(simulation)]
    assert len(ours) > 500
    assert set(ours) == simpy_link.Link(link).run(5 * 10**9)
    assert len(ours) == len(set(ours))
