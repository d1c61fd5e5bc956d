"""Built-in cards and traffic as drivers beside ones of one's own."""

import collections

import pytest

import ndiswan as nw
from ndiswan import models


class Peer(nw.Protocol):
    """Sends again what comes back, ``left`` times."""

    def __init__(self, left: int = 0) -> None:
        self.left = left
        self.back: list[tuple[float, nw.Status]] = []

    def send_complete(self, packet, status):
        self.back.append((packet.link.adapter.now, status))
        if self.left:
            self.left -= 1
            self.link.send(packet)


class Slow(nw.Miniport):
    """Completes each packet a millisecond after the one before."""

    serialized = False
    info = nw.WanInfo(max_transmit=4)

    def initialize(self):
        self.queue = collections.deque()
        self.timer = self.adapter.timer(self.sent)
        self.lengths = []

    def wan_send(self, link, packet):
        self.lengths.append(len(packet))
        self.queue.append(packet)
        if len(self.queue) == 1:
            self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        packet = self.queue.popleft()
        if self.queue:
            self.timer.set(0.001)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


T1 = models.Line(rate_bps=1_000_000)


def test_a_protocol_of_ones_own_has_a_built_in_card() -> None:
    """The card takes a frame's time on the line for each, and every packet comes back once."""
    peer, card = Peer(left=96), models.CardMiniport(T1, window=4)
    with nw.Ndis() as ndis:
        peer.link = ndis.bind(peer, card)
        for _ in range(4):
            peer.link.send(bytes(125))
        ndis.run()
        assert ndis.now == pytest.approx(0.1)
    assert [status for _, status in peer.back] == [nw.SUCCESS] * 100
    assert [time for time, _ in peer.back] == pytest.approx([n / 1000 for n in range(1, 101)])
    assert (card.received, card.received_bytes, card.lost) == (100, 12_500, 0)


def test_a_miniport_of_ones_own_has_built_in_traffic() -> None:
    """Traffic comes at its times with its sizes, waits for the window, and is measured."""
    traffic = models.TrafficProtocol(
        models.Cbr(rate_pps=2000, size=[100, 200, 300], packets=30), window=2
    )
    miniport = Slow()
    with nw.Ndis() as ndis:
        ndis.bind(traffic, miniport)
        ndis.run()
        assert ndis.now == pytest.approx(0.030)
    assert miniport.lengths == [100, 200, 300] * 10
    assert traffic.counters["sent"] == traffic.counters["succeeded"] == 30
    assert traffic.counters["most_outstanding"] == 2
    assert traffic.stages["miniport"].count == 30


def test_both_may_be_built_in() -> None:
    """Two built-in sides under the engine do what they do in their own loop."""
    flow = models.Poisson(rate_pps=700, size=models.UniformSize(64, 300), packets=500)
    link = models.Link(traffic=flow, line=T1, window=3, name="both")
    traffic = models.TrafficProtocol(flow, window=3, seed=5)
    with nw.Ndis() as ndis:
        ndis.bind(traffic, models.CardMiniport(T1, window=3, seed=5))
        ndis.run()
        ended = ndis.now_ns
    simulation = models.Simulation(link, seed=5)
    assert simulation.run()
    alone = simulation.results()["both"]
    assert simulation.now_ns == ended
    for stage in "queued", "miniport", "latency":
        assert traffic.stages[stage].sum == alone[stage].sum


def test_a_card_that_dies_is_reset() -> None:
    """The card hangs at a time, NDIS sees it at its next question, and what was pending comes back aborted."""
    card = models.CardMiniport(
        T1, models.Card(dies=models.Death(at_ns=[1_500_000], check_for_hang_ns=10_000_000))
    )
    peer = Peer()
    with nw.Ndis() as ndis:
        link = ndis.bind(peer, card)
        for _ in range(3):
            link.send(bytes(125))
        ndis.run(until=0.02)
    aborted = nw.Status.REQUEST_ABORTED
    assert peer.back == [(0.001, nw.SUCCESS), (0.01, aborted), (0.01, aborted)]


def test_a_halt_brings_back_what_a_built_in_card_has() -> None:
    """Leaving the block with packets in the card loses none."""
    peer = Peer()
    with nw.Ndis() as ndis:
        link = ndis.bind(peer, models.CardMiniport(T1))
        for _ in range(4):
            link.send(bytes(125))
        ndis.run(until=0.0015)
    assert [status for _, status in peer.back] == [nw.SUCCESS] + [nw.FAILURE] * 3


def test_a_built_in_driver_is_bound_once() -> None:
    """A second bind of the same model says so."""
    card = models.CardMiniport(T1)
    with nw.Ndis() as ndis:
        ndis.bind(Peer(), card)
        with pytest.raises(RuntimeError, match="bound already"):
            ndis.bind(Peer(), card)


@pytest.mark.parametrize("seed", range(3))
def test_a_built_in_card_is_explored(seed: int) -> None:
    """Adversarial time drives a built-in card too, and finds nothing wrong with it."""

    def scenario(ndis: nw.Ndis) -> None:
        peer = Peer(left=2)
        peer.link = ndis.bind(peer, models.CardMiniport(T1, models.moderated(2, 500_000)))
        for _ in range(2):
            peer.link.send(bytes(125))
        ndis.run()

    found = nw.explore(scenario, executions=50, seed=seed)
    assert found.executions == 50
    assert not found.failures


@pytest.mark.parametrize(
    "flow",
    [
        models.Saturating(size=500),
        models.ClosedLoop(window=4, size=500),
        models.Poisson(rate_pps=100, size=500),
    ],
    ids=["saturating", "closed-loop", "poisson"],
)
def test_built_in_traffic_sends_nothing_to_an_adapter_that_is_halted(flow) -> None:
    """More than the line takes is queued when the world ends: no rule is broken."""
    traffic = models.TrafficProtocol(flow, seed=3)
    with nw.Ndis() as ndis:
        ndis.bind(traffic, models.CardMiniport(models.Line(rate_bps=256_000)))
        ndis.run(until=5)
    assert ndis.violations == []
    assert traffic.counters["sent"] > 300
