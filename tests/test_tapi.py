"""`Tapi`: calls are made, answered, dropped and closed, and whatever goes wrong says what was expected."""

import gc
import subprocess
import weakref
from pathlib import Path

import pytest

import ndiswan as nw
from commands import ndiswan
from ndiswan.drivers import load
from ndiswan.drivers.building import FLAGS, INCLUDE, compiler
from ndiswan.drivers.tapi_dialing import connect
from ndiswan.drivers.tapi_layout import STRUCTURES, offset_of, size_of
from ndiswan.drivers.tapi_names import CallState, DisconnectMode, TapiOid
from ndiswan.exploring.workload import workload
from telephones import SAMPLES, Answering, IsdnCard, phones


@pytest.mark.parametrize(
    ("structure", "size", "member", "offset"),
    [
        ("LINE_CALL_PARAMS", 112, "ulOrigAddressSize", 48),
        ("LINE_DEV_CAPS", 240, "ulNumTerminals", 204),
        ("LINE_ADDRESS_CAPS", 180, "ulCallStates", 64),
        ("NDIS_TAPI_PROVIDER_INITIALIZE", 16, "ulNumLineDevs", 8),
        ("NDIS_TAPI_OPEN", 24, "hdLine", 16),
        ("NDIS_TAPI_MAKE_CALL", 160, "LineCallParams", 44),
        ("NDIS_TAPI_ANSWER", 24, "hdCall", 8),
        ("NDIS_TAPI_GET_ID", 72, "DeviceID", 44),
        ("NDIS_TAPI_EVENT", 48, "ulParam1", 24),
        ("NDIS_TAPI_EVENT_SHORT", 32, "ulParam1", 20),
        ("NDIS_MAC_LINE_UP", 40, "NdisLinkContext", 32),
    ],
)
def test_structures_are_those_of_64_bit_windows(structure, size, member, offset):
    """Sizes and offsets are those that a compiler for 64-bit Windows gives the published structures."""
    assert (size_of(structure), offset_of(structure, member)) == (size, offset)


def test_structures_are_those_of_the_headers(tmp_path):
    """Every structure has the size, and each member the offset, that the C headers of this package give it."""
    known = {name: kind for name, kind in STRUCTURES.items() if name != "NDIS_TAPI_EVENT_SHORT"}
    asked = [(name, member) for name, kind in known.items() for member, *_ in kind._fields_]
    lines = [
        f'printf("%zu %zu\\n", sizeof({name}), offsetof({name}, {member}));'
        for name, member in asked
    ]
    source, program = tmp_path / "offsets.c", tmp_path / "offsets"
    headers = "".join(f"#include <{name}>\n" for name in ("ndis.h", "ndiswan.h", "ndistapi.h"))
    body = "#undef printf\nextern int printf(const char *, ...);\n#include <stddef.h>\n"
    source.write_text(
        headers + body + "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n", "utf-8"
    )
    flags = ["-DNDIS_MINIPORT_DRIVER", "-DNDIS40_MINIPORT", *FLAGS, f"-I{INCLUDE}"]
    subprocess.run([compiler(), *flags, source, "-o", program], check=True)
    told = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == [f"{size_of(name)} {offset_of(name, member)}" for name, member in asked]


def test_one_call_brings_a_link_up():
    """`dial` goes all the way to a link that carries a frame to the far end and back."""
    with phones() as world:
        link = world.tapi.dial("5551234")
        assert link.up
        assert link.send(b"hello") == nw.PENDING
        world.run(0.1)
        assert [bytes(frame) for frame in world.peer.frames] == [b"hello"]
        assert world.tapi.call_of(link).states == [CallState.DIALING, CallState.CONNECTED]
        world.tapi.shutdown()
        assert link.closed
    assert world.driver.leaks == []


def test_a_driver_that_was_dialled_goes_with_its_world():
    """Nothing that `dial` makes holds the driver, so that an explorer need not load it anew for each execution."""
    gc.disable()
    try:
        with nw.Ndis() as ndis:
            driver = load(SAMPLES / "isdn", device=IsdnCard())
            ndis.bind(nw.Protocol(), driver)
            assert driver.dial(ndis).up
            assert driver.dial(ndis).up  # a second call of the same telephone program
            assert len(driver.tapi.calls) == 2
            there = weakref.ref(driver)
        del driver, ndis
        assert there() is None
    finally:
        gc.enable()


def test_two_calls_of_one_adapter_are_connected_to_each_other():
    """One channel dials the other: the call comes in, is answered, and each gets what the other sends."""
    with phones() as world:
        tapi = world.tapi
        tapi.initialize()
        one, other = tapi.open(0), tapi.open(1)
        out = tapi.make_call(one, "200")
        call = tapi.next_call()
        assert (call.line, call.state) == (other, CallState.OFFERING)
        call.answer()
        assert tapi.incoming() == []
        for end in out, call:
            end.wait("connected", timeout=1)
        assert out.link != call.link
        out.link.send(b"to you")
        call.link.send(b"and to you")
        world.run(0.1)
        assert sorted(map(bytes, world.peer.frames)) == [b"and to you", b"to you"]
        out.drop()
        call.wait("idle")
        assert call.why is DisconnectMode.NORMAL
        tapi.shutdown()


def test_the_link_of_a_call_is_found_by_its_identity():
    """GET_ID answers the NdisLinkContext of the line-up, the one that leads to the link too."""
    with phones() as world:
        world.tapi.initialize()
        call = world.tapi.make_call(world.tapi.open(), "5551234")
        call.wait("connected")
        (up,) = world.tapi.line_ups
        assert call.get_id() == up["NdisLinkContext"]
        up["ConnectionWrapperID"] = 0  # a driver that does not say which call it is
        assert call.find_link() is None
        assert call.link.handle == up["NdisLinkHandle"]


def test_a_request_that_pends_is_waited_for():
    """OID_TAPI_DROP of the card is PENDING until the wire is idle; `drop` returns when it is completed."""
    with phones() as world:
        call = world.tapi.call_of(world.tapi.dial())
        before = world.ndis.now
        call.drop()
        assert world.ndis.now > before
        assert call.state is CallState.IDLE
        assert world.tapi.log[-1] == (TapiOid.DROP, nw.SUCCESS)


@pytest.mark.parametrize(
    ("number", "reason"), [("911", DisconnectMode.BUSY), ("0800", DisconnectMode.NOANSWER)]
)
def test_a_call_that_comes_to_nothing_says_why(number, reason):
    """Busy, and nobody there: the error has the states that came, and the reason."""
    with phones() as world:
        with pytest.raises(nw.TapiError, match=f"CONNECTED.*DISCONNECTED, IDLE.*{reason.name}"):
            world.tapi.dial(number)
        assert world.tapi.calls[0].why is reason
        world.tapi.shutdown()


def test_a_line_is_dialed_again_after_its_call():
    """After CLOSE_CALL the line takes the next call, which has a link of its own."""
    with phones() as world:
        first = world.tapi.dial()
        world.tapi.call_of(first).close()
        second = world.tapi.dial(device=0)
        assert (first.closed, second.up) == (True, True)
        assert first != second


def stand_in(**answers):
    """A `Tapi` above a driver of Python that answers so, and its driver."""
    driver = Answering(**answers)
    return nw.Tapi(driver, nw.Ndis(), timeout=0.5), driver


def test_queries_and_sets_go_to_their_handlers():
    """PROVIDER_INITIALIZE, OPEN and MAKE_CALL are queries, ANSWER, DROP, CLOSE_CALL and CLOSE are sets."""
    tapi, driver = stand_in(DROP=nw.FAILURE)
    with tapi.ndis:
        tapi.initialize()
        call = tapi.make_call(tapi.open(), "1")
        driver.tell("CALLSTATE", call.line.handle, call.handle, CallState.IDLE)
        tapi.shutdown()
    sets = {oid.name for oid, is_set in driver.asked if is_set}
    assert sets == {
        "SET_DEFAULT_MEDIA_DETECTION",
        "SET_STATUS_MESSAGES",
        "CLOSE_CALL",
        "CLOSE",
        "PROVIDER_SHUTDOWN",
    }


def test_a_completion_that_is_owed_is_named():
    """A request that pends for ever is an error that names the function that was not called."""
    tapi, _ = stand_in(OPEN=nw.PENDING)
    with tapi.ndis:
        tapi.initialize()
        with pytest.raises(
            nw.TapiError, match=r"OID_TAPI_OPEN.*not completed.*NdisMQueryInformationComplete"
        ):
            tapi.open()
        assert tapi.lines == []


def test_a_refusal_has_its_status():
    """The status of a request that fails is in the error, by its name and as a member."""
    tapi, _ = stand_in(MAKE_CALL=nw.Status.TAPI_CALLUNAVAIL)
    with tapi.ndis:
        tapi.initialize()
        line = tapi.open()
        with pytest.raises(
            nw.TapiError, match="OID_TAPI_MAKE_CALL was answered TAPI_CALLUNAVAIL"
        ) as error:
            tapi.make_call(line, "1")
        assert error.value.status is nw.Status.TAPI_CALLUNAVAIL
        assert tapi.calls == []


def test_connected_without_a_line_up_is_no_link():
    """A driver that says "connected" and brought no line up is told so."""
    tapi, driver = stand_in(GET_ID=nw.FAILURE)
    with tapi.ndis:
        tapi.initialize()
        call = tapi.make_call(tapi.open(), "1")
        with pytest.raises(nw.TapiError, match="expected a line-up"):
            _ = call.link
        driver.tell("CALLSTATE", call.line.handle, call.handle, CallState.CONNECTED)
        call.wait("connected")
        with pytest.raises(nw.TapiError, match="GET_ID was answered FAILURE"):
            _ = call.link


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (lambda tapi: tapi.open(), "call initialize"),
        (lambda tapi: tapi.shutdown(), "shutdown.*not initialized"),
        (lambda tapi: (tapi.initialize(), tapi.initialize()), "initialized already"),
        (lambda tapi: (tapi.initialize(), tapi.open(7)), "a device of 0 to 0"),
        (lambda tapi: (tapi.initialize(), tapi.open(), tapi.open()), "the line is open"),
        (lambda tapi: (tapi.initialize(), tapi.next_call()), "expected LINE_NEWCALL"),
        (lambda tapi: (tapi.initialize(), tapi.make_call(tapi.open(), "1").answer()), "we made it"),
        (
            lambda tapi: (tapi.initialize(), tapi.make_call(tapi.open(), "1").drop()),
            "expected LINECALLSTATE_IDLE",
        ),
        (
            lambda tapi: (tapi.initialize(), tapi.make_call(tapi.open(), "1").wait("dialing")),
            "no state yet",
        ),
    ],
)
def test_what_comes_out_of_turn_is_refused(does, says):
    """Each call in a state where it cannot be says what was expected."""
    tapi, _ = stand_in()
    with tapi.ndis, pytest.raises(nw.TapiError, match=says):
        does(tapi)


def test_a_state_that_is_none_is_refused():
    """`wait` of a name that no state has lists the names."""
    tapi, _ = stand_in()
    with tapi.ndis:
        tapi.initialize()
        with pytest.raises(ValueError, match=r"connected.*got 'conected'"):
            tapi.make_call(tapi.open(), "1").wait("conected")


def test_events_of_nobody_are_kept():
    """An event of a call that is closed, or never was, is no error and is kept to be looked at."""
    tapi, driver = stand_in()
    with tapi.ndis:
        tapi.initialize()
        line = tapi.open()
        driver.tell("CALLSTATE", line.handle, 77, CallState.IDLE)
        driver.tell("LINEDEVSTATE", line.handle, 0, 2)
        assert tapi.incoming() == []
        assert [event.call for event in tapi.stray] == [77]
        assert [event.parameters[0] for event in line.events] == [2]


LOOPED = Path(__file__).parent / "drivers" / "looped.c"


class Frames(nw.Protocol):
    """Keeps what comes in, and by which link."""

    def __init__(self):
        self.got = []

    def receive(self, link, data):
        self.got.append((link.handle, bytes(data)))
        return nw.SUCCESS


def test_lines_that_ring_each_other_are_answered():
    """`CMiniport.dial` calls the number of another line of the card and answers where it rings: both ends are links."""
    driver, peer = load(LOOPED), Frames()
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(peer, driver)
        link = driver.dial(ndis)
        assert driver.tapi.addresses == {0: "100", 1: "200"}
        out, back = driver.tapi.calls
        assert (out.outgoing, back.outgoing, back.answered) == (True, False, True)
        assert (out.link, back.link.up) == (link, True)
        link.send(b"hello")
        assert peer.got == [(back.link.handle, b"hello")]
        out.close()
        # What is over is closed before the next call.
        again = connect(driver.tapi)
        assert (again.up, back.closed, len(driver.tapi.lines)) == (True, True, 2)
    assert (ndis.violations, driver.leaks) == ([], [])


def test_check_and_fuzz_answer_what_rings(tmp_path):
    """A driver whose lines ring each other runs in every mode; what its calls make wrong is the driver's mistake."""
    done = ndiswan("check", LOOPED, "--mode", "send", "--mode", "line-down", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = ndiswan("check", LOOPED, "-D", "NEVER=1", "--mode", "line-down/inline", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert "OID_TAPI_DROP was answered PENDING and not completed after 10 s" in told
    assert "--class looped -D NEVER=1 --mode line-down/inline" in told
    found = nw.explore(workload(lambda: load(LOOPED)), seed=1, executions=20)
    assert found.failures == []
