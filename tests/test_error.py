"""What an exception of a callback brings along: in which one it was, when, and with which packet."""

import pickle

import pytest

import ndiswan as nw
from rigs import Holding, Instant


class Raises(nw.Protocol):
    def send_complete(self, packet, status):
        raise ValueError("mine")


def test_the_time_and_the_packet_are_noted():
    """The run stops there, the state can be read, and the rest of the run goes on."""

    class Later(Holding):
        def initialize(self):
            super().initialize()
            self.timer = self.adapter.timer(self.done)

        def wan_send(self, link, packet):
            self.timer.set(0.25)
            return super().wan_send(link, packet)

        def done(self):
            self.complete()

    with nw.Ndis() as ndis:
        link = ndis.bind(Raises(), Later())
        link.send(b"one")
        with pytest.raises(ValueError, match="mine") as caught:
            ndis.run()
        (note,) = caught.value.__notes__
        assert note.startswith('in ProtocolSendComplete of adapter "Later" at 250.000000 ms, cpu 0')
        assert note.endswith(" at DISPATCH_LEVEL, with packet 0.0 (life 1)")
        assert (ndis.now, link.outstanding, ndis.counters["delivered"]) == (0.25, 0, 1)
        assert ndis.run() == 0


def test_one_of_a_send_has_the_packet_too():
    """Raised in `wan_send`, two adapters deep: the inner one is named."""

    class Breaks(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            raise KeyError(len(packet))

    class Hands(Instant):
        below: nw.Link

        def wan_send(self, link, packet):
            return self.below.send(bytes(packet))

    with nw.Ndis() as ndis:
        upper, lower = Hands(), Breaks()
        upper.below = ndis.bind(nw.Protocol(), lower, name="lower")
        with pytest.raises(KeyError) as caught:
            ndis.bind(nw.Protocol(), upper, name="upper").send(b"four")
        (note,) = caught.value.__notes__
        assert note.startswith('in MiniportWanSend of adapter "lower" at 0.000000 ms, cpu 0')
        assert note.endswith(" at PASSIVE_LEVEL, with packet 0.0 (life 1)")


def test_an_exception_that_is_raised_again_has_one_note():
    """A driver that keeps its exception does not make it longer each time."""
    always = OSError("always")

    class Same(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            raise always

    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Same())
        for _ in range(3):
            with pytest.raises(OSError, match="always"):
                link.send(b"x")
    assert len(always.__notes__) == 1


def test_a_broken_rule_needs_no_note():
    """It says where it was itself, when it goes through a callback as well."""

    class Twice(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
            return nw.PENDING

    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Twice())
        with pytest.raises(nw.OwnershipViolation) as caught:
            link.send(b"x")
        assert not hasattr(caught.value, "__notes__")
        assert "inside MiniportWanSend" in str(caught.value)


def test_a_bind_that_fails_says_with_what_in_another_process_too():
    """The status is an attribute, and goes along where the exception is pickled."""

    class Absent(Instant):
        def initialize(self):
            return nw.Status.ADAPTER_NOT_FOUND

    with nw.Ndis() as ndis, pytest.raises(RuntimeError) as raised:
        ndis.bind(nw.Protocol(), Absent())
    for error in raised.value, pickle.loads(pickle.dumps(raised.value)):
        assert isinstance(error, nw.InitializeError)
        assert error.status is nw.Status.ADAPTER_NOT_FOUND
        assert str(error).startswith('MiniportInitialize of "Absent" failed with NDIS_STATUS_')
