"""Chains of net buffer lists under an explorer: they stay chains."""

import pytest

import ndiswan as nw
from ndiswan import condis, lan, ndis6
from ndiswan.zoo.drivers import CoCard, LanCard, NblCard

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


class Pauses(ndis6.Miniport):
    """Calls NdisMPauseComplete so often inside of its first pause, and returns this status."""

    def __init__(self, times, status):
        super().__init__()
        self.times, self.status = times, status

    def send_net_buffer_lists(self, nbls, flags):
        for nbl in nbls:
            nbl.status = nw.SUCCESS
        level = ndis6.DISPATCH_LEVEL if self.adapter.irql == nw.Irql.DISPATCH else 0
        self.adapter.send_net_buffer_lists_complete(nbls, level)

    def pause(self):
        times, status = self.times, self.status
        self.times, self.status = 0, nw.SUCCESS  # it is paused once more when it is halted
        for _ in range(times):
            self.adapter.pause_complete()
        return status


@pytest.mark.parametrize(
    ("times", "status", "told"),
    [
        (0, nw.SUCCESS, None),
        (1, nw.PENDING, None),
        (1, nw.SUCCESS, "MiniportPause returned NDIS_STATUS_SUCCESS .* inside of it"),
        (0, nw.FAILURE, "MiniportPause returned NDIS_STATUS_FAILURE"),
        (2, nw.PENDING, "no pause is pending"),
    ],
)
def test_a_pause_ends_once(times, status, told):
    """By what it returns or by one call; what is raised is the first mistake, and the only one."""
    with nw.Ndis() as ndis:
        link = ndis.bind(ndis6.Protocol(), Pauses(times, status))
        if told is None:
            ndis6.pause(link)
        else:
            with pytest.raises(nw.ContractViolation, match=told) as raised:
                ndis6.pause(link)
            assert raised.value.rule == "PAUSE"
        assert [broken.detail for broken in ndis.violations] == (
            [] if told is None else [raised.value.detail]
        )
        ndis6.restart(link)


FACES = {
    lan: "send_complete",
    condis: "co_send_complete",
    ndis6: "send_net_buffer_lists_complete",
}


@pytest.mark.parametrize("called", FACES, ids=lambda module: module.__name__)
@pytest.mark.parametrize("module", FACES, ids=lambda module: module.__name__)
def test_the_completion_of_another_interface_says_which_is_its_own(module, called):
    """A driver that was ported all but for one call is told the call that it needs."""
    name = FACES[called]
    with nw.Ndis() as ndis:
        driver = {lan: LanCard, condis: CoCard, ndis6: NblCard}[module](ndis)
        ndis.bind(module.Protocol(), driver)
        if module is called:
            assert callable(getattr(driver.adapter, name))
            return
        with pytest.raises(
            AttributeError, match=rf"^{name}\(.*this one completes by {FACES[module]}"
        ):
            getattr(driver.adapter, name)
        with pytest.raises(AttributeError, match="no attribute 'xyz'"):
            driver.adapter.xyz  # noqa: B018


@pytest.mark.parametrize(
    ("kind", "protocol", "names"),
    [
        (LanCard, lan.Protocol, ["MiniportSend ", "NdisMSendComplete("]),
        (
            CoCard,
            condis.Protocol,
            ["MiniportCoSendPackets ", "NdisMCoSendComplete(", "ProtocolCoSendComplete "],
        ),
        (
            NblCard,
            ndis6.Protocol,
            ["MiniportSendNetBufferLists ", "NdisMSendNetBufferListsComplete("],
        ),
    ],
)
def test_events_have_the_names_of_their_interface(kind, protocol, names):
    """What was recorded is told in the words of the driver's own contract, also when the world is closed."""
    with nw.Ndis(record=True) as ndis:
        ndis.bind(protocol(), kind(ndis)).send(b"frame")
        ndis.run()
    told = "\n".join(map(str, ndis.events()))
    assert [name for name in names if name not in told] == []
    assert "Wan" not in told


def test_a_chain_that_is_no_list_is_told():
    """A driver that completes a list as itself reads what a chain of one is."""

    class Alone(ndis6.Miniport):
        def send_net_buffer_lists(self, nbls, flags):
            self.adapter.send_net_buffer_lists_complete(nbls[0], flags)

    with nw.Ndis() as ndis:
        link = ndis.bind(ndis6.Protocol(), Alone())
        with pytest.raises(TypeError, match=r"a chain of one is \[nbl\]"):
            link.send(b"frame")


TOGETHER = [
    (lan, LanCard, lan.send_packets, lan.cancel_send_packets),
    (condis, CoCard, condis.co_send_packets, condis.cancel_send_packets),
    (ndis6, NblCard, ndis6.send_net_buffer_lists, ndis6.cancel_send_net_buffer_lists),
]
each_twin = pytest.mark.parametrize(
    ("module", "kind", "send", "cancel"), TOGETHER, ids=["lan", "condis", "ndis6"]
)


@each_twin
def test_an_array_of_nothing_is_sent(module, kind, send, cancel):  # noqa: ARG001
    """No frames are a batch of none, as with an empty array of NumPy's."""
    with nw.Ndis() as ndis:
        link = ndis.bind(module.Protocol(), kind(ndis))
        assert len(send(link, [])) == 0
        assert len(send(link, iter([]))) == 0
        assert ndis.counters.get("sends", 0) == 0
        assert len(send(link, [b"one", bytearray(b"two")])) == 2
        ndis.run()


@each_twin
def test_what_is_no_frame_no_link_and_no_id_is_refused_by_name(module, kind, send, cancel):
    """The argument, what was expected and what came; nothing is sent then."""
    with nw.Ndis() as ndis:
        link = ndis.bind(module.Protocol(), kind(ndis))
        for frames, told in {
            (b"one", 5): r"frames\[1\]: expected bytes or a packet, got 5",
            ("one",): r"frames\[0\]: expected bytes or a packet, got 'one'",
            b"one": "frames: expected a list of bytes and packets, got b'one'",
            5: "frames: expected a list of bytes and packets, got 5",
        }.items():
            with pytest.raises(TypeError, match=told):
                send(link, frames)
        for what in send, cancel:
            with pytest.raises(
                TypeError, match="link: expected a Link, as `bind` gives one, got 5"
            ):
                what(5, [])
        with pytest.raises(ValueError, match=r"cancel_id: expected 0 to 2\*\*64 - 1, got -1"):
            cancel(link, -1)
        assert ndis.counters.get("sends", 0) == 0


@pytest.mark.parametrize("change", [ndis6.pause, ndis6.restart])
def test_what_is_no_link_is_neither_paused_nor_restarted(change):
    """An adapter is none, either."""
    with nw.Ndis() as ndis:
        link = ndis.bind(ndis6.Protocol(), NblCard(ndis))
        for given in 5, link.adapter:
            with pytest.raises(TypeError, match="link: expected a Link, as `bind` gives one, got "):
                change(given)
