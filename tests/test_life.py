"""The end of one adapter of a world: it is halted, and the others go on."""

import pytest

import ndiswan as nw
from ndiswan._native import Trace
from ndiswan.drivers import load
from rigs import Holding, Instant, bound
from test_c_kernel import HARNESS

TIMES = [nw.VirtualTime, nw.RealTime]


@pytest.mark.parametrize("time", TIMES)
def test_the_others_go_on(time, tmp_path):
    """What the miniport had and what waited for its window are back."""
    with nw.Ndis(time=time(), record=True) as ndis:
        link, peer, miniport = bound(ndis)
        other, others, _ = bound(ndis)
        window = link.window
        for _ in range(window + 1):
            link.send(b"frame")
        ndis.halt(link)
        assert peer.answers == [nw.Status.CLOSING] + [nw.Status.REQUEST_ABORTED] * window
        ndis.halt(link.adapter)
        assert (miniport.adapter.life, other.adapter.life) == ("halted", "running")
        assert other.send(b"frame") == nw.PENDING
        assert others.answers == []
    assert others.answers == [nw.Status.REQUEST_ABORTED]
    ndis.save(tmp_path / "halted.trace")
    assert Trace(tmp_path / "halted.trace").check() == []


def test_nothing_is_sent_to_it_any_more():
    """A send is the protocol's mistake: it has to stop before."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis)
        ndis.halt(link)
        with pytest.raises(nw.LifeCycleViolation, match="HALT: a send"):
            link.send(b"frame")


def test_what_it_owes_then_is_lost_at_that_call():
    """The rule is raised by the halt, and not by the end of the world, which has nothing to say any more."""

    class Forgets(Holding):
        def halt(self):
            pass

    with nw.Ndis() as ndis:
        link, peer, _ = bound(ndis, Forgets())
        other, _, _ = bound(ndis, Instant())
        link.send(b"frame")
        with pytest.raises(nw.OwnershipViolation, match=r"LOST: .* MiniportHalt returned"):
            ndis.halt(link)
        assert peer.answers == [nw.Status.FAILURE]
        assert other.send(b"frame") == nw.SUCCESS


def test_what_its_halt_raises_is_raised_by_the_call():
    """As what any callback raises."""

    class Raises(Holding):
        def halt(self):
            raise OSError("no card")

    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Raises())
        with pytest.raises(OSError, match="no card"):
            ndis.halt(link)
        assert link.adapter.life == "halted"


@pytest.mark.parametrize("time", TIMES)
def test_a_miniport_in_python_is_bound_again(time):
    """As another adapter, with links of its own."""
    with nw.Ndis(time=time()) as ndis:
        first, _, miniport = bound(ndis)
        ndis.halt(first)
        again, peer, _ = bound(ndis, miniport)
        assert again.send(b"frame") == nw.PENDING
        miniport.complete()
        assert peer.answers == [nw.SUCCESS]
        assert [adapter.life for adapter in ndis.adapters] == ["halted", "running"]


def test_who_halts_is_outside_of_the_driver():
    """From inside of a callback it is SERIAL, and nothing is halted."""

    class Halts(Instant):
        def wan_send(self, link, packet):
            ndis.halt(link)
            return nw.SUCCESS

    with nw.Ndis(on_violation="record") as ndis:
        link, _, _ = bound(ndis, Halts())
        assert link.send(b"frame") == nw.SUCCESS
        assert [found.rule for found in ndis.violations] == ["SERIAL"]
        assert link.adapter.life == "running"


@pytest.mark.parametrize("call", ["halt", "reset"])
def test_what_is_no_adapter_of_this_world_is_refused(call):
    """Another world has its own clock and its own record."""
    with nw.Ndis() as ndis, nw.Ndis() as other:
        link, _, miniport = bound(other, name="elsewhere")
        with pytest.raises(ValueError, match='bound to this Ndis, got "elsewhere" of another'):
            getattr(ndis, call)(link)
        with pytest.raises(TypeError, match="target: expected a Link or an Adapter, got <rigs"):
            getattr(ndis, call)(miniport)
        assert link.adapter.life == "running"


GLOBAL = "static NDIS_SPIN_LOCK Global; static int Cards;"
INITIALIZE = "if (!Cards++) NdisAllocateSpinLock(&Global);"
EARLY = "NdisFreeSpinLock(&Global);"
LAST = "if (!--Cards) NdisFreeSpinLock(&Global);"


@pytest.mark.parametrize(
    ("halt", "broken"), [(EARLY, ["TOUCH"]), (LAST, [])], ids=["first", "last"]
)
def test_what_cards_of_a_driver_have_in_common_outlives_the_first_of_them(tmp_path, halt, broken):
    """A lock that the first halt frees is nobody's when the second card asks for it."""
    asks = "NdisAcquireSpinLock(&Global); NdisReleaseSpinLock(&Global);"
    text = HARNESS.replace("@GLOBALS@", GLOBAL).replace("@BODY@", INITIALIZE)
    source = tmp_path / "cards.c"
    source.write_text(text.replace("@HALT@", f"{asks} {halt}"), "utf-8")
    first = load(source)
    second = first.another()
    with nw.Ndis(on_violation="record") as ndis:
        adapters = [ndis.bind(nw.Protocol(), card).adapter for card in (first, second)]
        ndis.halt(adapters[0])
        assert (ndis.violations, adapters[1].life) == ([], "running")
        ndis.halt(adapters[1])
        assert [found.rule for found in ndis.violations][: len(broken)] == broken
        assert bool(ndis.violations) is bool(broken)
        with pytest.raises(RuntimeError, match=r"a card is bound once: .*driver\.another\(\)"):
            ndis.bind(nw.Protocol(), first)
        assert ndis.bind(nw.Protocol(), first.another()).adapter.life == "running"
