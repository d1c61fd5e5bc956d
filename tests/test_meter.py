"""`link.measure()`: what the engine measures of one's own drivers is what they would have written down themselves."""

import random
import threading
import time

import numpy as np
import pytest

import ndiswan as nw
from ndiswan import models
from rigs import Holding, Instant

STAGES = ("queued", "miniport", "hand_back", "latency")


class Book:
    """What happened to which packet and when, by the number in its data."""

    def __init__(self) -> None:
        self.world = None
        self.times: dict[str, dict[int, int]] = {"offered": {}, "sent": {}, "done": {}, "back": {}}
        self.status: dict[int, nw.Status] = {}
        self.size: dict[int, int] = {}

    def note(self, what: str, number: int) -> None:
        self.times[what][number] = self.world.now_ns

    def stage(self, begin: str, end: str) -> list[int]:
        """Of packets that are back; one that the miniport never had waited until it was back."""
        at, to = self.times[begin], self.times[end]
        if end == "sent":
            to = self.times["back"] | to
        return sorted(to[number] - at[number] for number in self.times["back"] if number in at)


def number_of(packet: nw.Packet) -> int:
    """What stands in its first four bytes."""
    return int.from_bytes(packet.data[:4].tobytes(), "big")


class Slow(nw.Miniport):
    """Completes each packet after a time of its own, with a status of its own."""

    serialized = False
    info = nw.WanInfo(max_transmit=3)

    def __init__(self, book: Book, luck: random.Random) -> None:
        self.book, self.luck, self.owed = book, luck, []

    def wan_send(self, link, packet):
        self.book.note("sent", number_of(packet))
        if self.luck.random() < 0.2:
            status = self.luck.choice([nw.SUCCESS, nw.FAILURE])
            self.end(packet, status)
            return status
        self.owed.append(packet)
        timer = self.adapter.timer(lambda: self.done(packet))
        timer.set_ns(self.luck.choice([0, 10, 250, 4_000, 70_000]))
        return nw.PENDING

    def end(self, packet, status):
        self.book.note("done", number_of(packet))
        self.book.status[number_of(packet)] = status

    def done(self, packet):
        if packet in self.owed:
            self.owed.remove(packet)
            status = self.luck.choice([nw.SUCCESS, nw.SUCCESS, nw.FAILURE])
            self.end(packet, status)
            self.adapter.wan_send_complete(packet, status)

    def reset(self):
        while self.owed:
            packet = self.owed.pop()
            self.end(packet, nw.Status.REQUEST_ABORTED)
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)
        return nw.SUCCESS


class Writes(nw.Protocol):
    def __init__(self, book: Book) -> None:
        self.book = book

    def send_complete(self, packet, status):
        self.book.status.setdefault(number_of(packet), status)
        self.book.note("back", number_of(packet))


def played(seed: int, delivery: str) -> tuple[Book, object, int]:
    """A random afternoon of a line; what was written down, the meter, and what is under way at its end."""
    luck, book = random.Random(seed), Book()
    with nw.Ndis(delivery=delivery) as ndis:
        book.world = ndis
        miniport = Slow(book, luck)
        link = ndis.bind(Writes(book), miniport)
        meter = link.measure()
        for number in range(150):
            size = luck.randrange(4, 1500)
            frame = number.to_bytes(4, "big") + bytes(size - 4)
            book.size[number] = size
            book.note("offered", number)
            answer = link.send(frame)
            if answer != nw.PENDING:
                assert number in book.status, (number, answer)
                book.note("back", number)
            if luck.random() < 0.1:
                ndis.reset(link)
            if luck.random() < 0.5:
                ndis.run(until=ndis.now + luck.choice([0, 1e-7, 3e-6, 2e-5]))
        under_way = compared(book, meter)
        ndis.run()
    return book, meter, under_way


def compared(book: Book, meter) -> int:
    """Both say the same; how many packets are under way."""
    times, back = book.times, book.times["back"]
    now = book.world.now_ns
    counters, stages = meter.counters, meter.stages
    good = [number for number in back if book.status[number] == nw.SUCCESS]
    assert counters["offered"] == len(times["offered"])
    assert counters["offered_bytes"] == sum(book.size[number] for number in times["offered"])
    assert counters["succeeded"] == len(good)
    assert counters["succeeded_bytes"] == sum(book.size[number] for number in good)
    expected = [book.stage("offered", "sent"), book.stage("sent", "done")]
    expected += [book.stage("done", "back"), book.stage("offered", "back")]
    for name, values in zip(STAGES, expected, strict=True):
        stage = stages[name]
        assert (stage.count, stage.sum) == (len(values), sum(values)), name
        assert (stage.min, stage.max) == (values[0], values[-1]) if values else True, name
    statuses = [book.status[number] for number in back]
    assert meter.statuses == {status: statuses.count(status) for status in statuses}
    sent = {n: times["sent"].get(n, back.get(n, now)) for n in times["offered"]}
    waited = sum(sent[n] - times["offered"][n] for n in sent)
    had = sum(back.get(n, now) - sent[n] for n in sent)
    assert (counters["queued_ns"], counters["outstanding_ns"]) == (waited, had)
    return len(times["offered"]) - len(back)


@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_it_measures_what_the_drivers_write_down(delivery):
    """Counters, statuses, stages and averages over time, with resets, a full window, and packets under way."""
    seen = [played(seed, delivery) for seed in range(12)]
    assert any(under_way for *_, under_way in seen), "none was under way at the end"
    stages = [meter.stages for _, meter, _ in seen]
    for name in ("queued", "miniport", "latency"):
        assert any(stage[name].max > 0 for stage in stages), name
    assert {status.name for _, meter, _ in seen for status in meter.statuses} >= {
        "SUCCESS",
        "FAILURE",
        "REQUEST_ABORTED",
    }


def test_it_goes_on_when_the_world_is_closed():
    """What was measured can be read as long as there is the meter."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Instant())
        meter = link.measure()
        link.send(100)
    assert (meter.counters["succeeded"], meter.counters["succeeded_bytes"]) == (1, 100)
    assert "1 of 1 packets succeeded" in repr(meter)


def test_averages_over_time_are_those_of_a_busy_line():
    """A card of one megabit with eight packets always in its window: 8 outstanding, the rate of the line."""

    class Again(nw.Protocol):
        left = 500

        def send_complete(self, packet, status):
            if self.left:
                self.left -= 1
                self.link.send(1250)

    with nw.Ndis() as ndis:
        peer = Again()
        peer.link = ndis.bind(peer, models.CardMiniport(models.Line(rate_bps=1e6), window=8))
        for _ in range(20):
            peer.link.send(1250)
        ndis.run(until=1.0)
        meter = peer.link.measure()  # a warm-up is over
        ndis.run(until=3.0)
        assert meter.elapsed == 2.0
        assert meter.throughput_bps == 1e6
        assert (meter.mean_outstanding, meter.mean_queued) == (8.0, 12.0)
        assert meter.counters["most_outstanding"] == 8
        assert meter.stages["miniport"].mean == 8 * 10_000_000
        ndis.run()


def test_there_is_no_average_over_no_time():
    """NaN, and no division by zero; what is counted is there."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Instant())
        meter = link.measure()
        link.send(10)
        averages = meter.throughput_bps, meter.mean_outstanding, meter.mean_queued
        assert np.isnan(averages).all()
        assert (meter.elapsed, meter.counters["succeeded_bytes"]) == (0.0, 10)


def test_what_is_under_way_when_it_begins_is_measured_from_its_send():
    """The time since before counts for its latency, and not for the averages."""
    with nw.Ndis() as ndis:
        miniport = Holding()
        link = ndis.bind(nw.Protocol(), miniport)
        link.send(10)
        ndis.run(until=1.0)
        meter = link.measure()
        ndis.run(until=1.5)
        assert meter.counters["outstanding_ns"] == 500_000_000
        miniport.complete()
        assert meter.stages["latency"].mean == 1_500_000_000
        assert meter.counters["outstanding_ns"] == 500_000_000
        assert (meter.counters["offered"], meter.counters["succeeded"]) == (0, 1)


def test_batches_are_measured_as_single_packets_are():
    """The same sizes, one by one and by `send_many`, to a card that takes many."""

    class Many(nw.Miniport):
        serialized = False
        info = nw.WanInfo(max_transmit=256)

        def initialize(self):
            self.timer, self.handles = self.adapter.timer(self.done), []

        def wan_send_many(self, link, batch):
            self.handles.append(batch.handles)
            self.timer.set_ns(1000)
            return nw.PENDING

        def done(self):
            some, self.handles = np.concatenate(self.handles), []
            self.adapter.wan_send_complete_many(some, nw.SUCCESS)

    class Takes(nw.Protocol):
        def send_complete_many(self, batch):
            pass

    read = []
    for many in False, True:
        with nw.Ndis() as ndis:
            link = ndis.bind(Takes() if many else nw.Protocol(), Many(), packets=256)
            meter = link.measure()
            sizes = np.arange(1, 201, dtype=np.uint32)
            if many:
                link.send_many(sizes)
            else:
                for size in sizes:
                    link.send(int(size))
            ndis.run()
            stages = {name: (s.count, s.sum, s.max) for name, s in meter.stages.items()}
            read.append((meter.counters, stages, meter.statuses))
    assert read[0] == read[1]
    assert read[0][0]["succeeded_bytes"] == 200 * 201 // 2


def test_threads_in_real_time():
    """Packets that others complete: all of them, and a latency that the clock on the wall agrees with."""
    with nw.Ndis(time=nw.RealTime()) as ndis:
        miniport = Holding()
        link = ndis.bind(nw.Protocol(), miniport)
        meter = link.measure()

        for _ in range(4):
            link.send(64)
        time.sleep(0.02)
        thread = threading.Thread(target=miniport.complete)
        thread.start()
        thread.join()
        assert ndis.wait(lambda: meter.counters["succeeded"] == 4)
        assert meter.stages["latency"].min >= 20_000_000
        assert meter.stages["miniport"].count == 4


def test_in_real_time_without_any_look_no_clock_is_read():
    """At `verify=0` it says so, and in virtual time, whose clock costs nothing, it measures."""
    with nw.Ndis(time=nw.RealTime(), verify=0) as ndis:
        link = ndis.bind(nw.Protocol(), Instant())
        with pytest.raises(RuntimeError, match="verify=1 or more"):
            link.measure()
    with nw.Ndis(verify=0) as ndis:
        miniport = Holding()
        link = ndis.bind(nw.Protocol(), miniport)
        meter = link.measure()
        link.send(5)
        ndis.run(until=0.25)
        miniport.complete()
        assert meter.stages["latency"].mean == 250_000_000


def test_a_size_is_a_frame_of_zeros():
    """`link.send(size)`: the miniport sees so many zeros, whatever was in the packet before."""
    seen = []

    class Looks(Instant):
        def wan_send(self, link, packet):
            seen.append(packet.data.tobytes())
            packet.data[:1] = b"x"
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Looks(), packets=1)
        for data in (b"full", 3, 5, 2):
            assert link.send(data) is nw.SUCCESS
    assert seen == [b"full", bytes(3), bytes(5), bytes(2)]


@pytest.mark.parametrize(
    ("size", "error", "words"),
    [
        (0, ValueError, "expected a frame of 1 to"),
        (1533, ValueError, "got 1533"),
        (2**32 - 1, ValueError, "got 4294967295"),
        (-1, OverflowError, "data: expected an int of 0 to"),
        (2**70, OverflowError, "data: expected an int of 0 to"),
        (True, TypeError, "data: expected an int of 0 to"),
        (1.5, TypeError, "bytes-like"),
    ],
)
def test_a_size_that_cannot_be_is_refused(size, error, words):
    """Nothing is sent, and no packet is gone."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Instant(), packets=1)
        with pytest.raises(error, match=words):
            link.send(size)
        assert ndis.counters["sends"] == 0
        assert link.send(b"one") is nw.SUCCESS


def test_a_size_breaks_the_rules_that_a_frame_breaks():
    """A send before line-up is LINE; one more than the pool has packets is told as ever."""

    class Down(Instant):
        line_up_at_bind = False

    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Down())
        with pytest.raises(nw.FlowViolation, match="LINE"):
            link.send(10)
    with nw.Ndis() as ndis:
        holding = Holding()
        link = ndis.bind(nw.Protocol(), holding, packets=2)
        assert [link.send(10), link.send(10)] == [nw.PENDING] * 2
        with pytest.raises(RuntimeError, match="all 2 packets of the pool are in use"):
            link.send(10)
        holding.complete()
