"""Chains of net buffer lists under an explorer: they stay chains."""

import ndiswan as nw
from ndiswan import ndis6

LENGTHS = []


class HalfUnlocked(ndis6.Miniport):
    """Takes a chain apart under a lock list by list, and completes what is queued from two timers without one."""

    info = nw.WanInfo(max_transmit=4)

    def initialize(self):
        self.queue = []
        self.lengths = LENGTHS
        self.timers = [self.adapter.timer(self.sent) for _ in range(2)]

    def send_net_buffer_lists(self, nbls, flags):
        self.lengths.append(len(nbls))
        self.queue += nbls
        for timer in self.timers:
            timer.set(0.001)

    def sent(self):
        while self.queue:
            self.adapter.send_net_buffer_lists_complete([self.queue[0]], ndis6.DISPATCH_LEVEL)
            del self.queue[:1]

    def halt(self):
        for timer in self.timers:
            timer.cancel()
        for nbl in self.queue:
            self.adapter.send_net_buffer_lists_complete([nbl], 0)


def test_a_chain_is_a_chain_under_an_explorer():
    """It comes by one call with all of its lists, and the race that its driver has is found, and replays."""
    LENGTHS.clear()

    def scenario(ndis):
        link = ndis.bind(ndis6.Protocol(), HalfUnlocked())
        ndis6.send_net_buffer_lists(link, [b"one", b"two", b"three"])
        ndis.run()

    failure = nw.explore(scenario, seed=1, executions=500).failures[0]
    assert set(LENGTHS) == {3}
    assert failure.rule in {"DOUBLE", "STALE"}
    assert failure.deterministic
    assert failure.replay().symptom == failure.symptom


class Shared(ndis6.Miniport):
    """Two timers complete one chain that the driver keeps; which of them has it is not asked."""

    def initialize(self):
        self.chain = []
        self.timers = [self.adapter.timer(self.sent) for _ in range(2)]

    def send_net_buffer_lists(self, nbls, flags):
        self.chain += nbls
        for timer in self.timers:
            timer.set(0.001)

    def sent(self):
        self.adapter.send_net_buffer_lists_complete(self.chain, ndis6.DISPATCH_LEVEL)
        self.chain = []

    def halt(self):
        for timer in self.timers:
            timer.cancel()


class Locked(Shared):
    """The same, and whoever takes the chain has it."""

    def initialize(self):
        super().initialize()
        self.lock = self.adapter.spin_lock("chain")

    def sent(self):
        with self.lock:
            mine, self.chain = self.chain, []
        self.adapter.send_net_buffer_lists_complete(mine, ndis6.DISPATCH_LEVEL)


def chained(card):
    """A scenario in which three lists are completed by two timers."""

    def scenario(ndis):
        link = ndis.bind(ndis6.Protocol(), card())
        ndis6.send_net_buffer_lists(link, [b"a", b"b", b"c"])
        ndis.run()

    return scenario


def test_two_cpus_that_complete_one_chain_are_found():
    """Between two lists of a chain another CPU may run: it completes those that are on their way already."""
    failure = nw.explore(chained(Shared), seed=1, executions=500).failures[0]
    assert failure.rule == "DOUBLE"
    assert failure.deterministic
    assert failure.replay().symptom == failure.symptom


def test_one_who_takes_the_whole_chain_is_left_alone():
    """In five hundred schedules nothing is reported."""
    assert nw.explore(chained(Locked), seed=1, executions=500).failures == []
