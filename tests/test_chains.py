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
