"""Nothing that a driver raises loses a packet, loses the exception, or crashes."""

import random
from collections import Counter, deque

import pytest

import ndiswan as nw
from drivers import immediate

KILLS_A_WORLD = 25
WORLDS = range(20)  # for each delivery: 1,000 exceptions altogether
PACKETS = 16


class Killed(Exception):  # noqa: N818  (it is what happened to the driver)
    """An ordinary exception of a driver."""


class KilledHard(BaseException):
    """One that no `except Exception` stops."""


class Killer:
    """Decides at each call site, by chance, whether the driver raises there."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.thrown = []
        self.sites = Counter()
        self.armed = False

    def here(self, site):
        if self.armed and self.chance.random() < 0.2:
            kind = self.chance.choice([Killed, KilledHard, KeyboardInterrupt])
            error = kind(f"{site} {len(self.thrown)}")
            self.thrown.append(error)
            self.sites[site] += 1
            raise error


class Victim(nw.Miniport):
    """A card with every entry point, each of which may raise before and after its work."""

    def __init__(self, killer):
        self.kill = killer.here

    def initialize(self):
        self.kill("initialize")
        self.queue = deque()
        self.lock = self.adapter.spin_lock("queue")
        self.timer = self.adapter.timer(self.tick)
        self.dpc = self.adapter.dpc(self.work)

    def wan_send(self, link, packet):
        self.kill("wan_send, before")
        with self.lock:
            self.queue.append(packet)
            self.kill("wan_send, lock held")
        self.timer.set(0.001)
        self.kill("wan_send, after")
        return nw.PENDING

    def tick(self):
        self.kill("timer")
        self.dpc.queue()

    def work(self):
        self.kill("dpc")
        self.adapter.interrupt()

    def isr(self):
        self.kill("isr")
        return True

    def handle_interrupt(self):
        self.kill("handle_interrupt, before")
        while self.queue:
            packet = self.queue.popleft()
            self.kill("handle_interrupt, packet in hand")
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def reset(self):
        self.kill("reset")
        while self.queue:
            self.adapter.wan_send_complete(self.queue.popleft(), nw.Status.REQUEST_ABORTED)
        return nw.SUCCESS

    def check_for_hang(self):
        self.kill("check_for_hang")
        return False

    def query_information(self, oid):
        self.kill("query_information")
        return NotImplemented

    def set_information(self, oid, value):
        self.kill("set_information")
        return NotImplemented

    def shutdown(self):
        self.kill("shutdown")

    def halt(self):
        self.timer.cancel()
        self.kill("halt")


class Talker(nw.Protocol):
    """A protocol with every entry point, each of which may raise."""

    def __init__(self, killer):
        self.kill = killer.here
        self.back = Counter()

    def send_complete(self, packet, status):
        self.back[packet.protocol_reserved[0]] += 1
        self.kill("send_complete")

    def receive(self, link, data):
        self.kill("receive")

    def receive_complete(self, link):
        self.kill("receive_complete")

    def line_up(self, link):
        self.kill("line_up")

    def line_down(self, link):
        self.kill("line_down")

    def fragment(self, link, errors):
        self.kill("fragment")

    def status(self, status):
        self.kill("status")

    def reset_complete(self, status):
        self.kill("reset_complete")


class World:
    """One Ndis with a killer in it, and what arrived of what it threw."""

    def __init__(self, seed, delivery, serialized):
        self.killer, self.arrived, self.answers = Killer(seed), [], Counter()
        self.sent, self.chance = 0, random.Random(seed)
        self.ndis = nw.Ndis(delivery=delivery, on_violation="record")
        self.talker, self.victim = Talker(self.killer), Victim(self.killer)
        self.victim.serialized = serialized
        self.link = self.ndis.bind(self.talker, self.victim, packets=PACKETS)

    def do(self, call, *arguments):
        """Makes a call of the user's, and keeps what it raises."""
        try:
            return call(*arguments)
        except (Killed, KilledHard, KeyboardInterrupt) as error:
            self.arrived.append(error)

    def send(self):
        packet = self.do(self.link.packet, b"frame")
        packet.protocol_reserved[0] = self.sent
        answer = self.do(self.link.send, packet)
        if packet.owner == "protocol" and self.sent not in self.talker.back:
            assert answer != nw.PENDING
            self.answers[self.sent] += 1  # answered at once: with a status, or with the exception
        self.sent += 1

    def line(self):
        with self.victim.adapter.at(nw.Irql.DISPATCH):
            self.do(self.victim.adapter.line_down, self.link)
            self.do(self.victim.adapter.line_up, self.link)

    def hear(self):
        with self.victim.adapter.at(nw.Irql.DISPATCH):
            self.do(self.victim.adapter.indicate_receive, self.link, b"heard")
            self.do(self.victim.adapter.indicate_receive_complete, self.link)
            self.do(self.victim.adapter.fragment, self.link, 1)

    def ask(self):
        self.do(self.link.query, nw.Oid.WAN_GET_INFO)
        self.do(self.link.set, nw.Oid.WAN_CURRENT_ADDRESS, b"\x02addr\x01"[:6])

    def everything(self):
        """One round of all that can happen."""
        for _ in range(self.chance.randrange(1, 6)):
            self.send()
        for act in self.chance.sample([self.line, self.hear, self.ask], 3):
            act()
        self.do(self.ndis.run, self.ndis.now + self.chance.choice([0.0005, 0.01, 3.0]))
        if self.chance.random() < 0.3:
            self.do(self.ndis.reset, self.link)
        self.do(self.ndis.run)

    def calm(self):
        """Nothing raises any more; what was left undone is cleared away."""
        self.killer.armed = False
        for _ in range(100):
            self.do(self.ndis.run)
        self.do(self.ndis.reset, self.link)
        for _ in range(100):
            self.do(self.ndis.run)


@pytest.mark.parametrize("delivery", ["inline", "queued"])
@pytest.mark.parametrize("seed", WORLDS)
def test_an_exception_at_any_call_site_loses_nothing(seed, delivery):
    """Each exception arrives, each send is answered exactly once, and the whole pool can be had again."""
    world = World(seed, delivery, serialized=seed % 2 == 0)
    world.killer.armed = True
    while len(world.killer.thrown) < KILLS_A_WORLD:
        world.everything()
    world.calm()
    packets = [world.link.packet(b"again") for _ in range(PACKETS)]
    assert len(packets) == PACKETS
    del packets
    world.killer.armed = True
    world.do(world.ndis.shutdown)
    world.do(world.ndis.close)
    assert world.ndis.closed
    assert world.ndis.errors == world.killer.thrown
    assert {id(error) for error in world.arrived} <= {id(error) for error in world.killer.thrown}
    assert world.arrived
    answered = world.talker.back + world.answers
    assert answered == Counter(range(world.sent))
    assert len(world.killer.sites) >= 8


def test_an_exception_in_initialize_fails_the_bind():
    """The exception itself arrives from bind; the adapter is halted, and the Ndis goes on."""
    killer = Killer(1)
    killer.here = lambda site: (_ for _ in ()).throw(Killed(site))
    with nw.Ndis() as ndis:
        with pytest.raises(Killed, match="initialize"):
            ndis.bind(nw.Protocol(), Victim(killer))
        link = ndis.bind(nw.Protocol(), immediate.Inline())
        assert link.send(b"frame") == nw.SUCCESS


def test_an_exception_in_halt_does_not_keep_the_ndis_open():
    """The exception arrives from close, the adapter is halted all the same, and what it owed is back."""
    back = []

    class Peer(nw.Protocol):
        def send_complete(self, packet, status):
            back.append(status)

    class HaltRaises(nw.Miniport):
        def wan_send(self, link, packet):
            return nw.PENDING

        def halt(self):
            raise Killed("halt")

    ndis = nw.Ndis(policy=nw.Policy(owed_at_halt="return"))
    ndis.bind(Peer(), HaltRaises()).send(b"frame")
    with pytest.raises(Killed, match="halt"):
        ndis.close()
    assert ndis.closed
    assert back == [nw.FAILURE]


def test_two_exceptions_of_one_call_are_both_kept():
    """The first is raised, and `ndis.errors` has both."""

    class Peer(nw.Protocol):
        def send_complete(self, packet, status):
            raise Killed("protocol")

    class Raises(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            self.adapter.wan_send_complete(packet)
            raise Killed("miniport")

    with nw.Ndis() as ndis:
        link = ndis.bind(Peer(), Raises())
        with pytest.raises(Killed, match="protocol"):
            link.send(b"frame")
        assert [str(error) for error in ndis.errors] == ["protocol", "miniport"]
        assert ndis.violations == []


def test_a_run_goes_on_after_an_exception():
    """An exception stops the run once; the next run is not stopped by it."""
    ticks = []

    class Ticks(nw.Miniport):
        def initialize(self):
            self.timers = [self.adapter.timer(lambda n=n: self.tick(n)) for n in range(5)]
            for number, timer in enumerate(self.timers):
                timer.set(0.1 * (number + 1))

        def tick(self, number):
            ticks.append(number)
            if number == 1:
                raise Killed("tick")

        def wan_send(self, link, packet):
            raise Killed("send")

    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Ticks())
        with pytest.raises(Killed, match="send"):
            link.send(b"frame")
        with pytest.raises(Killed, match="tick"):
            ndis.run()
        assert ticks == [0, 1]
        assert ndis.run() == 3
        assert ticks == [0, 1, 2, 3, 4]
