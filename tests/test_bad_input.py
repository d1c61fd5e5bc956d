"""Whatever is passed in, the answer is a clear error at the call, and the Ndis goes on."""

from types import SimpleNamespace

import pytest

import ndiswan as nw
from ndiswan import models
from rigs import Holding, Instant, Peer, bound


def kind(value):
    """A test's name for a value, the same in every process."""
    return (
        f"{type(value).__name__}-{value}" if isinstance(value, int | str) else type(value).__name__
    )


WRONG = [None, 4711, 1.5, "a string", object(), [1, 2]]


@pytest.mark.parametrize("wrong", WRONG, ids=kind)
def test_what_is_not_bytes_is_not_sent(wrong):
    """`send` and `packet` take bytes-like objects, and say what came instead; to `send` a number is a size."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis)
        if not isinstance(wrong, int):
            expected = rf"bytes-like data, or a size \(int\), got {type(wrong).__name__}"
            with pytest.raises(TypeError, match=expected):
                link.send(wrong)
        with pytest.raises(TypeError, match=f"bytes-like object, got {type(wrong).__name__}"):
            link.packet(wrong)


@pytest.mark.parametrize("wrong", [*WRONG, b"bytes", True], ids=kind)
def test_what_is_no_packet_is_not_completed(wrong):
    """A number, a string or None in a packet's place is FOREIGN, and the report says what came."""
    with nw.Ndis() as ndis:
        _, _, miniport = bound(ndis)
        with pytest.raises(
            nw.OwnershipViolation, match="expected the Packet that wan_send was"
        ) as e:
            miniport.adapter.wan_send_complete(wrong, nw.SUCCESS)
        assert e.value.rule == "FOREIGN"
        assert repr(wrong) in e.value.detail


def test_a_handle_in_the_packet_s_place_is_named():
    """A link or an adapter where the packet belongs is HANDLE."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        for wrong in (link, miniport.adapter):
            with pytest.raises(nw.AccessViolation, match="HANDLE"):
                miniport.adapter.wan_send_complete(wrong, nw.SUCCESS)


CALLS_ABOUT_A_LINK = {
    "line_down": lambda adapter, link: adapter.line_down(link),
    "fragment": lambda adapter, link: adapter.fragment(link, 1),
    "indicate": lambda adapter, link: adapter.indicate_receive(link, b"data"),
    "complete": lambda adapter, link: adapter.indicate_receive_complete(link),
    "line_up": lambda adapter, link: adapter.line_up(link or 0),  # None asks for a new link
}


@pytest.mark.parametrize("wrong", [None, 4711, "link", b"link"], ids=kind)
@pytest.mark.parametrize("call", CALLS_ABOUT_A_LINK)
def test_what_is_no_link_is_a_wrong_handle(wrong, call):
    """Calls about a link take the link that NDIS gave; anything else is HANDLE, also if only recorded."""
    with nw.Ndis() as ndis:
        with pytest.raises(nw.AccessViolation, match="expected a Link"):
            CALLS_ABOUT_A_LINK[call](bound(ndis)[2].adapter, wrong)
        assert [v.rule for v in ndis.violations] == ["HANDLE"]
    with nw.Ndis(on_violation="record") as ndis:
        assert CALLS_ABOUT_A_LINK[call](bound(ndis)[2].adapter, wrong) in (None, nw.FAILURE)
        assert [v.rule for v in ndis.violations] == ["HANDLE"]


def test_a_packet_of_another_adapter_is_foreign():
    """Sent on another adapter's link or completed through another adapter, it stays where it is."""
    with nw.Ndis() as ndis:
        link, _, first = bound(ndis, name="first")
        other, _, second = bound(ndis, name="second")
        packet = link.packet(b"mine")
        with pytest.raises(nw.OwnershipViolation, match='of adapter "first" was sent on a link'):
            other.send(packet)
        assert packet.owner == "protocol"
        link.send(packet)
        with pytest.raises(nw.OwnershipViolation, match='completed through adapter "second"'):
            second.adapter.wan_send_complete(first.held[0], nw.SUCCESS)
        assert packet.owner == "miniport"


def test_a_packet_of_another_ndis_is_foreign():
    """Two worlds with adapters of the same number and name do not take each other's packets."""
    with nw.Ndis() as one, nw.Ndis() as two:
        link, _, first = bound(one)
        other, _, second = bound(two)
        with pytest.raises(nw.OwnershipViolation, match="FOREIGN"):
            other.send(link.packet(b"mine"))
        link.send(b"mine")
        with pytest.raises(nw.OwnershipViolation, match="FOREIGN"):
            second.adapter.wan_send_complete(first.held[0], nw.SUCCESS)
        with pytest.raises(nw.AccessViolation, match="HANDLE"):
            second.adapter.line_down(link)


def test_the_protocol_s_own_packet_cannot_be_completed():
    """A packet that was never sent, and the protocol's reference to one that was, are FOREIGN."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        packet = link.packet(b"frame")
        with pytest.raises(nw.OwnershipViolation, match="the protocol's reference"):
            miniport.adapter.wan_send_complete(packet, nw.SUCCESS)
        link.send(packet)
        with pytest.raises(nw.OwnershipViolation, match="the protocol's reference"):
            miniport.adapter.wan_send_complete(packet, nw.SUCCESS)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("max_frame_size", 0, "max_frame_size: expected 1 to"),
        (
            "max_frame_size",
            2**40,
            r"max_frame_size: expected an int of 0 to 2\*\*32 - 1, got 1099511627776",
        ),
        ("max_frame_size", 2**31, "max_frame_size: expected 1 to"),
        ("max_transmit", 0, "max_transmit: expected 1 to 65535"),
        ("max_transmit", 65536, "max_transmit: expected 1 to 65535, got 65536"),
        ("header_padding", -1, "header_padding: expected an int of 0 to .* got -1"),
        ("tail_padding", 2**32 - 1, "tail_padding: expected 0 to"),
        ("endpoints", 0, "endpoints: expected 1 to 4096"),
        ("framing_bits", 2**32, "framing_bits: expected an int of 0 to .* got 4294967296"),
    ],
)
def test_a_size_beyond_the_limits_is_refused_by_bind(field, value, message):
    """`WanInfo` is looked at when it is bound; the error names the field, the limits and what came."""
    miniport = Holding()
    miniport.info = nw.WanInfo(**{field: value})
    with nw.Ndis() as ndis, pytest.raises(ValueError, match=message):
        ndis.bind(Peer(), miniport)


@pytest.mark.parametrize("value", [None, "1500", 1.5], ids=kind)
def test_a_size_that_is_no_number_is_refused_by_bind(value):
    """A field of `WanInfo` is an int."""
    miniport = Holding()
    miniport.info = nw.WanInfo(max_frame_size=value)
    with (
        nw.Ndis() as ndis,
        pytest.raises(TypeError, match=r"WanInfo.max_frame_size: expected an int"),
    ):
        ndis.bind(Peer(), miniport)


@pytest.mark.parametrize("packets", [0, -1, 2**40, 1_048_577, True])
def test_a_pool_is_of_a_sensible_size(packets):
    """A pool has 1 to 1,048,576 packets; True is no number. What is refused binds nothing."""
    kind, match = (TypeError, "got True") if packets is True else (ValueError, "1 to 1048576")
    card = models.CardMiniport(models.Line(rate_bps=64_000))
    with nw.Ndis() as ndis:
        for miniport in Instant(), card:
            with pytest.raises(kind, match=match):
                ndis.bind(Peer(), miniport, packets=packets)
        assert ndis.bind(Peer(), card).up


@pytest.mark.parametrize("wrong", [None, 7, nw.Miniport, object()], ids=kind)
def test_only_drivers_are_bound(wrong):
    """`bind` takes instances of `Protocol` and `Miniport`, in this order."""
    with nw.Ndis() as ndis:
        with pytest.raises(TypeError, match=r"miniport: expected an ndiswan.Miniport"):
            ndis.bind(Peer(), wrong)
        with pytest.raises(TypeError, match=r"protocol: expected an ndiswan.Protocol"):
            ndis.bind(wrong, Holding())
        with pytest.raises(TypeError, match="protocol: expected"):
            ndis.bind(Holding(), Peer())


def test_a_miniport_without_wan_send_says_that_it_needs_one():
    """The base class's `wan_send` is the message."""
    with nw.Ndis() as ndis:
        link = ndis.bind(Peer(), nw.Miniport())
        with pytest.raises(TypeError, match="Miniport has no wan_send"):
            link.send(b"frame")


def test_a_driver_s_attribute_that_cannot_be_called_is_refused():
    """An entry point that is no function is found when it is bound."""

    class Wrong(Holding):
        halt = 7

    with nw.Ndis() as ndis, pytest.raises(TypeError, match=r"Wrong.halt: expected a method, got 7"):
        ndis.bind(Peer(), Wrong())


def test_a_frame_has_a_length():
    """An empty frame and one that is longer than the packet are refused, with the sizes."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis)
        with pytest.raises(ValueError, match="a frame of 1 to 1532 bytes, got an empty one"):
            link.send(b"")
        with pytest.raises(ValueError, match="got 1533; send less, or raise max_frame_size"):
            link.send(bytes(1533))
        packet = link.packet(b"x")
        with pytest.raises(ValueError, match="got an empty one"):
            packet.fill(b"")
        assert link.send(bytes(1532)) == nw.PENDING


def test_a_pool_that_is_exhausted_says_so():
    """The error names the adapter and the size, and a packet that is let go can be had again."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, packets=2, name="small")
        kept = [link.packet(b"1"), link.packet(b"2")]
        with pytest.raises(RuntimeError, match='"small": all 2 packets of the pool are in use'):
            link.send(b"3")
        kept.pop()
        assert link.send(b"3") == nw.PENDING


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: None, "returned None; expected an NDIS_STATUS; a wan_send without a return"),
        (lambda: "PENDING", r"returned 'PENDING' \(str\)"),
        (lambda: True, r"returned True \(bool\)"),
        (lambda: 1.0, r"returned 1.0 \(float\)"),
        (lambda: 2**32, r"returned 4294967296 \(int\)"),
        (lambda: 10**30, r"\(int\); expected an NDIS_STATUS"),
        (lambda: (nw.SUCCESS, True), r"\(tuple\); expected an NDIS_STATUS"),
    ],
    ids=["None", "str", "bool", "float", "33 bits", "huge", "tuple"],
)
def test_an_answer_that_is_no_status_is_reported(answer, words):
    """`wan_send` has to return a status; the packet goes back with FAILURE, and the report says what came."""

    class Odd(Instant):
        def wan_send(self, link, packet):
            return answer()

    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Odd())
        with pytest.raises(nw.StatusViolation, match=words) as caught:
            link.send(b"frame")
        assert caught.value.rule == "STATUS_UNKNOWN"
        assert (link.outstanding, ndis.counters["delivered"]) == (0, 1)
    with nw.Ndis(on_violation="record") as ndis:
        assert bound(ndis, Odd())[0].send(b"frame") == nw.FAILURE


def test_an_unpublished_number_is_passed_on_with_a_warning():
    """A 32-bit number that no header publishes survives the way up, and is warned of."""

    class Odd(Instant):
        def wan_send(self, link, packet):
            return 0xDEADBEEF

    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Odd())
        with pytest.warns(nw.ContractWarning, match="STATUS_UNKNOWN: 0xDEADBEEF"):
            assert link.send(b"frame") == nw.Status(0xDEADBEEF)
        assert [(v.rule, v.warning) for v in ndis.violations] == [("STATUS_UNKNOWN", True)]


@pytest.mark.parametrize("status", [None, "SUCCESS", 1.0, True, 2**40], ids=kind)
def test_a_completion_with_what_is_no_status_brings_the_packet_home(status):
    """The report is raised at the completion, and the protocol has its packet back with FAILURE."""
    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis)
        link.send(b"frame")
        if status is None:  # left out it is SUCCESS
            miniport.adapter.wan_send_complete(miniport.held.pop())
            assert peer.answers == [nw.SUCCESS]
            return
        with pytest.raises(nw.StatusViolation, match="expected an NDIS_STATUS, got"):
            miniport.adapter.wan_send_complete(miniport.held.pop(), status)
        assert peer.answers == [nw.FAILURE]


def test_a_link_after_the_end_is_of_no_use():
    """After the block every use is an error that says so, and reading what it was is not."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        kept = link.packet(b"kept")
        lock, timer = miniport.adapter.spin_lock("late"), miniport.adapter.timer(print)
    assert (link.up, link.closed, ndis.closed) == (False, True, True)
    with pytest.raises(RuntimeError, match="this Ndis is closed; make a new one"):
        ndis.run()
    with pytest.raises(RuntimeError, match="this Ndis is closed; make a new one"):
        ndis.bind(Peer(), Holding())
    for late in (lambda: link.send(kept), lambda: link.send(b"new"), lambda: ndis.reset(link)):
        with pytest.raises(nw.LifeCycleViolation, match="which is halted"):
            late()
    with pytest.raises(nw.LifeCycleViolation, match="TIMER"):
        timer.set(1.0)
    with pytest.raises(nw.LifeCycleViolation, match="HALT"):
        miniport.adapter.line_up()
    with lock:
        assert lock.held
    assert bytes(kept) == b"kept"
    assert "closed" in repr(ndis)
    ndis.close()  # the second time does nothing


def test_a_handle_after_its_call_was_closed_is_reported():
    """A link whose call was closed can be neither sent on, nor brought up, nor closed again."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        link.close()
        for late in (lambda: link.send(b"x"), link.close, lambda: miniport.adapter.line_up(link)):
            with pytest.raises(nw.AccessViolation, match="HANDLE"):
                late()


def test_the_same_miniport_is_bound_once():
    """A miniport that is bound cannot be bound again while it lives; after its halt it can."""
    miniport = Instant()
    with nw.Ndis() as ndis:
        ndis.bind(Peer(), miniport)
        with pytest.raises(RuntimeError, match="is bound already; bind a new instance"):
            ndis.bind(Peer(), miniport)
    with nw.Ndis() as ndis:
        assert ndis.bind(Peer(), miniport).send(b"x") == nw.SUCCESS


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e300])
def test_a_time_is_a_sensible_number(seconds):
    """Seconds are finite, not negative, and not more than 1e9."""
    with nw.Ndis() as ndis:
        timer = bound(ndis)[2].adapter.timer(print)
        with pytest.raises(ValueError, match=r"expected seconds from 0 to 1e9, got .{1,5}$"):
            timer.set(seconds)
        with pytest.raises(ValueError, match="expected seconds from 0 to 1e9"):
            ndis.run(until=seconds)


def test_what_cannot_be_called_is_no_callback():
    """A timer and a DPC take a callable."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis)[2].adapter
        for make in (adapter.timer, adapter.dpc):
            with pytest.raises(TypeError, match="expected a callable, got 7"):
                make(7)


def _timer(link):
    return link.adapter.timer(lambda: None)


def _device(link):
    return link.adapter.device(lambda: None)


@pytest.mark.parametrize("wrong", [None, "soon", [1], b"1"], ids=kind)
@pytest.mark.parametrize(
    "call",
    [
        lambda of, wrong: _timer(of.link).set(wrong),
        lambda of, wrong: _device(of.link).set(wrong),
        lambda of, wrong: of.link.adapter.sleep(wrong),
        lambda of, wrong: of.ndis.wait(lambda: True, wrong),
        lambda of, wrong: of.ndis.run(until=wrong if wrong is not None else "soon"),
    ],
    ids=["timer", "device", "sleep", "wait", "run"],
)
def test_what_is_no_time_is_told(call, wrong):
    """Seconds are a number; what came instead is said."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis)
        with pytest.raises(TypeError, match=r"expected seconds, a number, got .*(soon|1|None)"):
            call(SimpleNamespace(ndis=ndis, link=link), wrong)


@pytest.mark.parametrize("wrong", [None, "1", 1.5, 2**70], ids=kind)
@pytest.mark.parametrize(
    "call",
    [
        lambda of, wrong: of.ndis.choose(wrong),
        lambda of, wrong: of.link.adapter.raise_irql(wrong),
        lambda of, wrong: of.link.adapter.lower_irql(wrong),
        lambda of, wrong: of.link.adapter.at(wrong),
        lambda of, wrong: of.link.adapter.fragment(of.link, wrong),
    ],
    ids=["choose", "raise", "lower", "at", "fragment"],
)
def test_what_is_no_int_is_told(call, wrong):
    """A whole number that fits is expected; what came instead is said."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis)
        with pytest.raises(
            (TypeError, OverflowError), match=r"expected an int of .*, got .*(1|None)"
        ):
            call(SimpleNamespace(ndis=ndis, link=link), wrong)
