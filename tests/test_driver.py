"""Built-in cards and traffic as drivers beside ones of one's own."""

import collections
import gc
import weakref

import pytest

import ndiswan as nw
from ndiswan import models
from ndiswan.processes import World


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


def test_packets_of_others_on_the_link_are_none_of_the_traffic() -> None:
    """They were counted, and the traffic stood still when more of them were back than it had sent."""
    traffic = models.TrafficProtocol(models.Cbr(rate_pps=100, size=50, packets=20), window=2)
    with nw.Ndis() as ndis:
        link = ndis.bind(traffic, Slow())
        assert [link.send(9) for _ in range(4)] == [nw.PENDING] * 4
        ndis.run()
    assert traffic.counters["sent"] == traffic.counters["succeeded"] == 20


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


class Far:
    """Who listens at the far end: what arrived and what was lost, with its number and its time."""

    def __init__(self):
        self.arrived, self.lost = [], []

    def card(self, line, card=None, **more):
        """A card on that line to which this listens."""
        return models.CardMiniport(
            line, card, on_arrival=self.note(self.arrived), on_loss=self.note(self.lost), **more
        )

    @staticmethod
    def note(where):
        """What puts a frame there."""
        return lambda frame, time_ns: where.append((int.from_bytes(frame[:4], "big"), time_ns))


def numbered(number, size=125):
    """A frame that has its number in front."""
    return number.to_bytes(4, "big") + bytes(size - 4)


BURSTS = models.GilbertElliott(p=0.1, r=0.4)
CARDS = {
    "simple": models.simple(),
    "inline": models.inline(64),
    "copying": models.intelligent(32),
    "reordering": models.reordering(4),
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
@pytest.mark.parametrize("time", [nw.VirtualTime, nw.RealTime, nw.AdversarialTime], ids=str)
def test_each_frame_is_told_once_as_arrived_or_as_lost(card, time) -> None:
    """With its own bytes, in the order of the line; both kinds are as many as are counted."""
    far = Far()
    miniport = far.card(models.Line(10_000_000, propagation_ns=10**6, loss=BURSTS), card, window=64)
    with nw.Ndis(time=time()) as ndis:
        link = ndis.bind(nw.Protocol(), miniport, packets=64)
        for number in range(64):
            link.send(numbered(number))
        ndis.run()
        assert ndis.wait(lambda: len(far.arrived) + len(far.lost) == 64)
    assert (len(far.arrived), len(far.lost)) == (miniport.received, miniport.lost)
    numbers = [number for number, _ in far.arrived]
    assert numbers == sorted(numbers)
    assert sorted(numbers + [number for number, _ in far.lost]) == list(range(64))


def test_a_frame_is_told_when_it_arrives() -> None:
    """A propagation after its last bit is out, on the clock as well; one that is lost when its last bit is out."""
    times, clock = [], []
    with nw.Ndis() as ndis:

        def arrived(_frame, time_ns):
            times.append(time_ns)
            clock.append(ndis.now_ns)

        card = models.CardMiniport(models.Line(10**6, propagation_ns=5 * 10**6), on_arrival=arrived)
        link = ndis.bind(nw.Protocol(), card)
        for number in range(3):
            link.send(numbered(number))
        ndis.run()
    assert times == clock == [6_000_000, 7_000_000, 8_000_000]
    lost = []
    line = models.Line(10**6, propagation_ns=5 * 10**6, loss=models.BitErrors(0.5))
    card = models.CardMiniport(
        line, on_loss=lambda frame, time_ns: lost.append((len(frame), time_ns))
    )
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), card).send(numbered(0))
        ndis.run()
    assert lost == [(125, 1_000_000)]


def test_a_card_that_dies_tells_of_what_left_it_and_of_nothing_else() -> None:
    """What it took along is neither arrived nor lost; after the reset frames are told under their own numbers again."""
    far = Far()
    dies = models.Death(at_ns=[3_500_000], reset_ns=10**6, check_for_hang_ns=10**7)
    with nw.Ndis() as ndis:
        miniport = far.card(T1, models.Card(dies=dies), window=8)
        link = ndis.bind(nw.Protocol(), miniport)
        for number in range(6):
            link.send(numbered(number))
        ndis.run()
        for number in range(6, 9):
            link.send(numbered(number))
        ndis.run()
    assert [number for number, _ in far.arrived] == [0, 1, 2, 6, 7, 8]
    assert (miniport.received, miniport.lost, miniport.vanished, far.lost) == (6, 0, 0, [])


def test_what_a_copying_card_takes_along_when_it_dies_has_vanished() -> None:
    """It is back with SUCCESS and told by nobody: neither arrived nor lost."""
    far, peer = Far(), Peer()
    dies = models.Death(at_ns=[3_500_000], reset_ns=10**6, check_for_hang_ns=10**7)
    card = models.Card(completes="when_copied", descriptors=16, dies=dies)
    with nw.Ndis() as ndis:
        miniport = far.card(T1, card, window=8)
        link = ndis.bind(peer, miniport)
        for number in range(6):
            link.send(numbered(number))
        ndis.run(until=0.1)
    assert [status for _, status in peer.back] == [nw.SUCCESS] * 6
    assert [number for number, _ in far.arrived] == [0, 1, 2]
    assert (miniport.received, miniport.lost, miniport.vanished) == (3, 0, 3)


def test_stop_and_wait_over_a_built_in_line_takes_what_the_formula_says() -> None:
    """A protocol with retransmission: acknowledgements go by a second card, a try that is lost costs the time-out."""
    frames, timeout, waited = 300, 300_000_000, {}

    def acknowledged(frame, _time_ns):
        answer = waited[int.from_bytes(frame, "big")]
        if not answer.triggered:
            answer.succeed(True)

    def sender():
        tries = 0
        for number in range(frames):
            is_there = False
            while not is_there:
                tries += 1
                waited[number] = answer = world.event()
                there.send(numbered(number, 800))
                later = world.now_ns + timeout
                world.call_at(
                    later, lambda answer=answer: answer.triggered or answer.succeed(False)
                )
                is_there = yield answer
        return tries, world.now_ns

    line = {"rate_bps": 64_000, "propagation_ns": 20_000_000}
    with nw.Ndis() as ndis:
        world = World(ndis)
        lossy = models.CardMiniport(
            models.Line(**line, loss=BURSTS), on_arrival=lambda frame, _: back.send(frame[:4])
        )
        there = ndis.bind(nw.Protocol(), lossy)
        back = ndis.bind(
            nw.Protocol(), models.CardMiniport(models.Line(**line), on_arrival=acknowledged)
        )
        process = world.process(sender())
        world.run()
        tries, took = process.value
        assert not ndis.violations
    assert (tries, lossy.received) == (frames + lossy.lost, frames)
    assert took == frames * (100_000_000 + 500_000 + 40_000_000) + lossy.lost * timeout
    assert 0.1 < lossy.lost / tries < 0.3  # p / (p + r) is 0.2


def test_what_arrives_can_be_indicated_to_another_adapter() -> None:
    """So two cards that face each other carry data in both directions, to protocols that hear it as NDIS says it."""

    class Hears(nw.Protocol):
        def __init__(self):
            self.heard = []

        def receive(self, link, data):
            self.heard.append(bytes(data))

    one, other = Hears(), Hears()
    with nw.Ndis() as ndis:
        a = ndis.bind(one, models.CardMiniport(T1, on_arrival=lambda frame, _: hand(b, frame)))
        b = ndis.bind(other, models.CardMiniport(T1, on_arrival=lambda frame, _: hand(a, frame)))

        def hand(link, frame):
            link.adapter.indicate_receive(link, frame)
            link.adapter.indicate_receive_complete(link)

        a.send(b"there")
        b.send(b"back")
        ndis.run()
        assert not ndis.violations
    assert (one.heard, other.heard) == ([b"back"], [b"there"])


def test_what_a_listener_raises_comes_out_of_the_run() -> None:
    """As what a callback raises does; and what is no function is refused when the card is made."""

    def arrived(*_):
        raise LookupError("no such call")

    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), models.CardMiniport(T1, on_arrival=arrived)).send(b"x")
        with pytest.raises(LookupError, match="no such call"):
            ndis.run()
    with pytest.raises(
        TypeError, match="on_loss: expected a function of a frame's bytes and a time, got 3"
    ):
        models.CardMiniport(T1, on_loss=3)


def test_a_listener_that_holds_its_card_is_collected() -> None:
    """The two make a circle, through the engine; nobody else has them."""

    class Owner:
        def __init__(self):
            self.card = models.CardMiniport(T1, on_arrival=self.arrived)

        def arrived(self, frame, time_ns):
            pass

    gone = weakref.ref(Owner())
    gc.collect()
    assert gone() is None


def test_a_card_that_completes_at_once_is_waited_for_until_its_frames_are_out() -> None:
    """Nothing is owed then, and its device sets itself again and again: that is no polling."""
    card = models.CardMiniport(T1, models.inline(1000), window=1000)
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), card, packets=1000)
        for _ in range(500):
            link.send(bytes(125))
        ndis.run()
        assert (ndis.now, card.received) == (0.5, 500)
