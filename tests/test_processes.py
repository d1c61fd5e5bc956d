"""Generator processes between the events of the engine."""

import collections

import numpy as np
import pytest

import ndiswan as nw
from ndiswan import models
from ndiswan.processes import Sender, World


class Line(nw.Miniport):
    """Sends one frame after the other, each for so many seconds."""

    info = nw.WanInfo(max_transmit=4)
    serialized = False

    def __init__(self, seconds):
        self.seconds = seconds

    def initialize(self):
        self.waiting = collections.deque()
        self.lock = self.adapter.spin_lock("waiting")
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        with self.lock:
            self.waiting.append(packet)
            idle = len(self.waiting) == 1
        if idle:
            self.timer.set(self.seconds)
        return nw.PENDING

    def sent(self):
        with self.lock:
            packet = self.waiting.popleft()
            more = bool(self.waiting)
        if more:
            self.timer.set(self.seconds)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


def chatter(world, ndis: nw.Ndis) -> list[tuple[float, str]]:
    """Two clients and a watcher on one line; gives what happened when."""
    log, sender = [], Sender(world)
    link = ndis.bind(sender, Line(0.3))

    def client(name, pause):
        for n in range(5):
            log.append((round(world.now, 6), f"{name} sends {n}"))
            yield sender.send(link, b"frame")
            log.append((round(world.now, 6), f"{name} has {n} back"))
            yield world.timeout(pause)
        return name

    def watcher():
        first = yield world.process(client("a", 0.11))
        log.append((round(world.now, 6), f"{first} is done"))

    world.process(watcher())
    world.process(client("b", 0.47))
    world.run()
    return log


def test_a_process_waits_for_time_and_for_completions() -> None:
    """Sends, pauses and the end of another process come at the times that the line and the pauses give."""
    with nw.Ndis() as ndis:
        log = chatter(World(ndis), ndis)
    assert [time for time, _ in log] == sorted(time for time, _ in log)
    assert log[:6] == [
        (0, "b sends 0"),
        (0, "a sends 0"),
        (0.3, "b has 0 back"),
        (0.6, "a has 0 back"),
        (0.71, "a sends 1"),
        (0.77, "b sends 1"),
    ]
    assert sum("a is done" in what for _, what in log) == 1


def test_a_run_up_to_a_time_stands_there_and_goes_on() -> None:
    """`run(until=…)` does what is due up to then, sets the clock, and the next run continues."""
    ticks = []
    with nw.Ndis() as ndis:
        world = World(ndis)

        def ticking():
            while True:
                yield world.timeout(1)
                ticks.append(world.now)

        world.process(ticking())
        world.run(2.5)
        assert (ticks, world.now) == ([1, 2], 2.5)
        world.run(4)
    assert ticks == [1, 2, 3, 4]


def test_all_that_the_engine_has_to_do_up_to_a_time_comes_before_a_call_at_it() -> None:
    """However much that is; at the same instant as well."""
    happened = []
    with nw.Ndis() as ndis:
        world, adapter = World(ndis), ndis.bind(nw.Protocol(), Line(1)).adapter
        for tenths in (1, 2, 3, 4):
            adapter.device(lambda: happened.append(ndis.now)).set(tenths / 10)
        for tenths in (2, 3.5):
            world.call_at(round(tenths * 1e8), lambda: happened.append("call"))
        world.run()
    assert happened == [0.1, 0.2, "call", 0.3, "call", 0.4]


def test_an_event_wakes_all_who_wait_and_who_comes_later() -> None:
    """Each has the event's value, also a process that asks when it is over."""
    got = []
    with nw.Ndis() as ndis:
        world = World(ndis)
        event = world.event()

        def waits(name, before):
            yield world.timeout(before)
            got.append((name, (yield event), world.now))

        for name, before in ("a", 0), ("b", 1), ("late", 3):
            world.process(waits(name, before))
        world.call_at(2_000_000_000, lambda: event.succeed("now"))
        world.run()
        with pytest.raises(RuntimeError, match="happened already"):
            event.succeed()
    assert got == [("a", "now", 2), ("b", "now", 2), ("late", "now", 3)]


def test_an_error_reaches_who_waits_or_the_run() -> None:
    """An exception in a process is raised in the one that waits for it; if nobody does, by `run`."""
    with nw.Ndis() as ndis:
        world, seen = World(ndis), []

        def fails():
            yield world.timeout(1)
            raise LookupError("in a process")

        def catches():
            try:
                yield world.process(fails())
            except LookupError as error:
                seen.append(str(error))

        world.process(catches())
        world.run()
        assert seen == ["in a process"]
        world.process(fails())
        with pytest.raises(LookupError, match="in a process"):
            world.run()


def test_what_cannot_be_waited_for_is_said() -> None:
    """What is wrong with a process that yields a number, a negative pause, a function that was not called."""
    with nw.Ndis() as ndis:
        world = World(ndis)

        def wrong():
            yield 3

        world.process(wrong())
        with pytest.raises(TypeError, match=r"wrong: yield: expected an event.*got 3"):
            world.run()
        with pytest.raises(ValueError, match="0 or more, got -1"):
            world.timeout(-1)
        with pytest.raises(TypeError, match="call the function"):
            world.process(wrong)


def test_a_send_that_is_answered_at_once_is_an_event_too() -> None:
    """A miniport that returns SUCCESS has no completion; whoever yields the send goes on in the same instant."""

    class Quick(nw.Miniport):
        def wan_send(self, link, packet):
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        world = World(ndis)
        sender, seen = Sender(world), []
        link = ndis.bind(sender, Quick())

        def client():
            seen.append((yield sender.send(link, b"frame")))

        world.process(client())
        world.run()
    assert seen == [nw.SUCCESS]


@pytest.mark.parametrize("kind", [nw.RealTime, nw.AdversarialTime])
def test_a_world_in_another_time_is_refused(kind) -> None:
    """Processes run between the events of virtual time. The message is of the world, and not of what it calls."""
    match = "ndis: expected a world in virtual time.*ndis.spawn"
    with nw.Ndis(time=kind()) as ndis, pytest.raises(ValueError, match=match):
        World(ndis)


def test_a_packet_that_a_sender_did_not_send_is_none_of_its_business() -> None:
    """One that was sent by the link itself, alone or as one of many; what the sender sent is told as ever."""
    with nw.Ndis() as ndis:
        world = World(ndis)
        sender = Sender(world)
        link = ndis.bind(sender, models.CardMiniport(models.Line(10**6), window=16))
        link.send(b"plain")
        link.send_many(np.array([100, 100], np.uint32))
        event = sender.send(link, b"frame")
        world.run()
        assert event.value == nw.SUCCESS


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda w: w.timeout("1"), "seconds: expected a number of seconds, got '1'"),
        (lambda w: w.timeout(1e300), r"seconds: expected seconds from 0 to 1e\+09, got 1e\+300"),
        (lambda w: w.run(float("nan")), "until: expected seconds from 0 to .* got nan"),
        (lambda w: w.run("a"), "until: expected a number of seconds, got 'a'"),
        (lambda w: w.call_at(5, 7), "function: expected something to call, got 7"),
        (lambda w: w.event().fail(5), "error: expected an exception, got 5"),
        (lambda _: World(5), "ndis: expected an Ndis, got 5"),
    ],
)
def test_what_a_world_cannot_take_is_told_by_its_parameter(call, said) -> None:
    """When it is given, and not in the words of what is called with it."""
    with nw.Ndis() as ndis, pytest.raises((TypeError, ValueError), match=said):
        call(World(ndis))
