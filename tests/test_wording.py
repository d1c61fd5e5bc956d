"""What is reported of drivers of the sister contracts: in their own interface's words, and no more than they did."""

import pytest

import ndiswan as nw
from ndiswan import condis, lan, ndis6
from ndiswan._native import Trace
from ndiswan.outputs import Problem

SENDS = {
    lan: lambda link: lan.send_packets(link, [b"a", b"b"]),
    condis: lambda link: condis.co_send_packets(link, [b"a", b"b"]),
    ndis6: lambda link: ndis6.send_net_buffer_lists(link, [b"a", b"b"]),
}


def miniport(module, body, **more):
    """A miniport of that interface whose send function, with all of its arguments, is ``body``."""
    name = {lan: "send", condis: "co_send_packets", ndis6: "send_net_buffer_lists"}[module]
    return type("Card", (module.Miniport,), {name: body, **more})()


def keeps(self, *arguments):
    """Take what comes, for ever."""
    del self, arguments
    return nw.PENDING


def takes(self, *arguments):
    """The same where nothing is returned."""
    del self, arguments


@pytest.mark.parametrize(
    ("module", "body", "send", "complete"),
    [
        (lan, keeps, "send", "send_complete"),
        (condis, takes, "co_send_packets", "co_send_complete"),
    ],
)
def test_a_report_names_the_functions_of_the_interface(module, body, send, complete):
    """LOST of a twin says what its driver has, and not what a WAN driver has; in words, fields and advice."""
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(module.Protocol(), miniport(module, body)).send(b"lost")
    (lost,) = ndis.violations
    assert lost.rule == "LOST"
    assert f"`{send}`" in lost.sentence
    assert f"`{complete}`" in lost.remedy
    assert "wan_send" not in lost.sentence + lost.remedy
    assert lost.sentence in str(lost)
    assert lost.remedy in str(lost)
    assert Problem("LOST", "error", "", "Card", str(lost)).remedy == lost.remedy


def test_a_report_names_the_statuses_of_the_interface():
    """What an NDIS 6 miniport is to do with its packets in a reset is done with RESET_IN_PROGRESS."""
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(ndis6.Protocol(), miniport(ndis6, takes))
        link.send(b"owed")
        ndis.reset(link)
        (reset,) = ndis.violations
    assert reset.rule == "RESET"
    assert "call `send_net_buffer_lists_complete` with `RESET_IN_PROGRESS` for each" in reset.remedy


@pytest.mark.parametrize(
    ("module", "answer", "said"),
    [
        (lan, None, "send returned None; expected an NDIS_STATUS; a send without a return"),
        (lan, "x", r"send returned 'x' \(str\); expected an NDIS_STATUS$"),
        (condis, "x", r"co_send_packets returned 'x' \(str\); expected nothing, since"),
        (ndis6, "x", r"send_net_buffer_lists returned 'x' \(str\); expected nothing, since"),
    ],
)
def test_an_answer_that_is_none_is_told_of_the_function_that_gave_it(module, answer, said):
    """The name is the driver's own, and a function that returns nothing is not asked for a status."""
    for send in (lambda link: link.send(b"one"), SENDS[module]):
        with nw.Ndis(on_violation="record") as ndis:
            send(ndis.bind(module.Protocol(), miniport(module, lambda *_: answer)))
        assert {violation.rule for violation in ndis.violations} == {"STATUS_UNKNOWN"}
        with pytest.raises(AssertionError, match=said):
            raise AssertionError(ndis.violations[0].detail)


def test_an_array_s_answer_is_told_of_send_packets():
    """A LAN miniport that takes arrays has no `send` of its own."""

    class Card(lan.Miniport):
        def send_packets(self, packets):
            return "x"

    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(lan.Protocol(), Card()).send(b"one")
    assert ndis.violations[0].detail.startswith("send_packets returned 'x' (str); expected nothing")


def test_a_foreign_packet_is_told_by_the_interface_s_function():
    """What is no packet is told to be none of those that `send` was called with."""
    with nw.Ndis() as ndis:
        card = miniport(lan, keeps)
        ndis.bind(lan.Protocol(), card)
        with (
            card.adapter.at(nw.Irql.DISPATCH),
            pytest.raises(nw.OwnershipViolation, match="expected the Packet that send was called"),
        ):
            card.adapter.send_complete(None, nw.SUCCESS)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("on_violation", ["raise", "record"])
@pytest.mark.parametrize("module", [lan, condis, ndis6])
def test_an_exception_of_a_send_function_is_no_answer(module, on_violation, together, tmp_path):
    """It is raised, the packets go home, and nobody says that the driver answered: no SYNC, live or in a check."""

    def body(*_):
        raise ValueError("mid")

    card = miniport(module, body, serialized=False)
    path = tmp_path / "run.jsonl"
    with nw.Ndis(on_violation=on_violation, record=True) as ndis:
        link = ndis.bind(module.Protocol(), card)
        with pytest.raises(ValueError, match="mid"):
            SENDS[module](link) if together else link.send(b"one")
        assert link.outstanding == 0
        ndis.save(path)
    assert ndis.violations == []
    assert Trace(path).check() == []
