"""What is no value for an argument: each error names the argument, says what was expected and what came."""

import re

import pytest

import ndiswan as nw
from ndiswan import Oid, lan, ndis6
from rigs import Holding, bound

OTHER = (None, "x", -1, 2**70, 1.5, b"a", [1], object(), {})


def world(**options):
    """A link with a packet that its miniport holds, one of the protocol's, and all that calls are made on."""
    ndis = nw.Ndis(**options)
    miniport = Holding()
    link = ndis.bind(nw.Protocol(), miniport)
    link.send(b"abcdef")
    return ndis, link, miniport.adapter, link.packet(b"xyz")


def bind(**options):
    """Bind a miniport with these."""
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), Holding(), **options)


def setting(name):
    """Set that attribute of the protocol's packet."""
    return lambda w, value: setattr(w[3], name, value)


def settings(**fields):
    """Set the link's settings."""
    with nw.Ndis() as ndis:
        bound(ndis)[0].set(Oid.WAN_SET_LINK_INFO, nw.LinkInfo(**fields))


CALLS = {
    "packets": lambda _, value: bind(packets=value),
    "name": lambda _, value: bind(name=value),
    "on_violation": lambda _, value: nw.Ndis(on_violation=value),
    "verify": lambda _, value: nw.Ndis(verify=value),
    "delivery": lambda _, value: nw.Ndis(delivery=value),
    "record": lambda _, value: nw.Ndis(record=value),
    "until": lambda w, value: w[0].run(until=value),
    "max_events": lambda w, value: w[0].run(max_events=value),
    "n": lambda w, value: w[0].choose(value),
    "what": lambda w, value: w[0].choose(2, value),
    "done": lambda w, value: w[0].wait(value, 0),
    "seconds": lambda w, value: w[0].wait(lambda: True, value),
    "function": lambda w, value: w[0].spawn(value),
    "callback": lambda w, value: w[2].timer(value),
    "speed": lambda w, value: w[2].line_up(speed=value),
    "window": lambda w, value: w[2].line_up(window=value),
    "quality": lambda w, value: w[2].line_up(quality=value),
    "handle": lambda w, value: w[2].line_up(handle=value),
    "addressing_reset": lambda w, value: w[2].reset_complete(0, value),
    "level": lambda w, value: w[2].at(value),
    "current_buffer": setting("current_buffer"),
    "current_length": setting("current_length"),
    "cancel_id": setting("cancel_id"),
    "LinkInfo.send_accm": lambda _, value: settings(send_accm=value),
    "LinkInfo.link_handle": lambda _, value: settings(link_handle=value),
}
FITS = {
    "name": (None, "x"),
    "until": (None, 1.5),
    "max_events": (None,),
    "what": ("x",),
    "handle": (None,),
    "seconds": (1.5,),
    "current_buffer": (-1,),  # a place outside of the buffer: PADDING
    "current_length": (-1,),
}
WRONG = [
    pytest.param(argument, wrong, id=f"{argument}-{wrong!r:.20}")
    for argument in CALLS
    for wrong in OTHER
    if wrong not in FITS.get(argument, ())
]


@pytest.mark.parametrize(("argument", "wrong"), WRONG)
def test_an_error_names_the_argument(argument, wrong):
    """Its name, what would fit and what came are in the text of one error, whatever came."""
    made = world(on_violation="record")
    with made[0], pytest.raises((TypeError, ValueError, OverflowError)) as error:
        CALLS[argument](made, wrong)
    # PyO3 0.28, with which wheels for a CPython 3.13 without a GIL are built, says the name in front of it once more.
    text = re.sub(r"^argument '\w+': ", "", str(error.value))
    assert text.startswith(f"{argument}: expected "), text
    assert ", got " in text


def test_the_flags_and_ids_of_the_twins_are_named():
    """`flags` of an NDIS 6 completion, `cancel_id` of a cancel, the seconds between two checks for hang."""
    with nw.Ndis() as ndis:
        card = type("Card", (ndis6.Miniport,), {"send_net_buffer_lists": lambda *_: None})()
        link = ndis.bind(ndis6.Protocol(), card)
        with pytest.raises(
            TypeError,
            match=r"^(argument 'flags': )?flags: expected an int of 0 to 2\*\*32 - 1, got 'x'",
        ):
            card.adapter.send_net_buffer_lists_complete([], "x")
        with pytest.raises(ValueError, match=r"^cancel_id: expected 0 to 2\*\*64 - 1, got -1"):
            lan.cancel_send_packets(link, -1)
    slow = Holding()
    slow.check_for_hang_seconds = "x"
    with (
        nw.Ndis() as ndis,
        pytest.raises(TypeError, match=r"check_for_hang_seconds: expected sec"),
    ):
        ndis.bind(nw.Protocol(), slow)


def test_the_timeout_of_a_ring_is_named():
    """`drain_into(timeout="x")` says which argument is none."""
    ring = nw.CompletionRing(4)
    with pytest.raises(
        TypeError, match=r"^(argument 'timeout': )?timeout: expected seconds, a number, got 'x'"
    ):
        ring.drain_into(bytearray(32), bytearray(16), timeout="x")
