"""Batches against single calls, event by event, on random scenarios."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import ndiswan as nw
from batching import BothWays, Listening
from rigs import Peer


class Plan(nw.Miniport):
    """Answers by size; interrupts after given delays, and completes so many of what it has with a status by size."""

    serialized = False

    def __init__(self, window, interrupts):
        self.info = nw.WanInfo(max_transmit=window)
        self.interrupts = list(interrupts)

    def initialize(self):
        self.held = []
        self.timer = self.adapter.timer(self.interrupt)
        self.next()

    def next(self):
        if self.interrupts:
            self.timer.set_ns(self.interrupts[0][0])

    @staticmethod
    def answer(size):
        return nw.FAILURE if size % 7 == 0 else nw.PENDING

    @staticmethod
    def final(size):
        return nw.SUCCESS if size % 5 else nw.Status.HARD_ERRORS

    def interrupt(self):
        _, many = self.interrupts.pop(0)
        done, self.held = self.held[:many], self.held[many:]
        self.next()
        self.finish(done)

    def halt(self):
        self.finish(self.held)


class ScalarPlan(Plan):
    """Packet by packet."""

    def wan_send(self, link, packet):
        size = packet.current_length
        if self.answer(size) == nw.PENDING:
            self.held.append((packet, size))
        return self.answer(size)

    def finish(self, done):
        for packet, size in done:
            self.adapter.wan_send_complete(packet, self.final(size))


class ManyPlan(Plan):
    """By batches."""

    def wan_send_many(self, link, batch):
        answers = [self.answer(int(size)) for size in batch.sizes]
        took = zip(batch.handles.tolist(), batch.sizes.tolist(), answers, strict=True)
        self.held += [(handle, size) for handle, size, answer in took if answer == nw.PENDING]
        return np.array(answers, np.uint32)

    def finish(self, done):
        statuses = np.array([self.final(size) for _, size in done], np.uint32)
        self.adapter.wan_send_complete_many(np.array([h for h, _ in done], np.uint64), statuses)


class BothPlan(ManyPlan):
    """By batches, and packet by packet where they are few."""

    def wan_send(self, link, packet):
        size = packet.current_length
        if self.answer(size) == nw.PENDING:
            self.held.append((packet.handle, size))
        return self.answer(size)


def story(protocol, card, bursts, many, delivery):
    """What happened to each packet, in the order of sends: kind, time and number of each event; and the counts."""
    with nw.Ndis(record=True, delivery=delivery) as ndis:
        link = ndis.bind(protocol, card, packets=1024)
        alarm = iter(bursts)
        now = 0
        for gap, burst in alarm:
            now += gap
            ndis.run(until=now / 1e9)
            if many:
                link.send_many(np.array(burst, np.uint32))
            else:
                for size in burst:
                    link.send(bytes(size))
        ndis.run()
    packets, at = [], {}
    for event in ndis.events():
        told = json.loads(repr_json(event))
        packet = told.get("packet")
        if packet is None:
            continue
        if event.what == "allocate":
            at[packet["slot"]] = []
            packets.append(at[packet["slot"]])
        detail = (told.get("status"), told.get("length"))
        at[packet["slot"]].append((event.what, event.time_ns, *detail))
    assert ndis.violations == []
    return packets, ndis.counters


def repr_json(event):
    """An event as its line in a trace."""
    return event.__reduce__()[1][0]


BURSTS = st.lists(
    st.tuples(st.integers(0, 3000), st.lists(st.integers(1, 60), min_size=1, max_size=90)),
    min_size=1,
    max_size=4,
)


INTERRUPTS = st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 120)), max_size=6)


@given(BURSTS, INTERRUPTS, st.integers(1, 100), st.sampled_from(["inline", "queued"]))
def test_batches_are_event_by_event_what_single_calls_are(bursts, interrupts, window, delivery):
    """Random bursts, windows, interrupts and statuses: each packet has the same events at the same times, however
    its drivers take packets.
    """
    plain = story(Peer(), ScalarPlan(window, interrupts), bursts, False, delivery)
    for card in ManyPlan, BothPlan:
        for protocol in Listening, BothWays, Peer:
            got = story(protocol(), card(window, interrupts), bursts, True, delivery)
            assert got == plain
    assert story(Listening(), ScalarPlan(window, interrupts), bursts, True, delivery) == plain
