"""Requests: what a miniport is asked for and told, who answers, and the structures of the answers."""

import threading
from contextlib import nullcontext

import pytest

import ndiswan as nw
from ndiswan import LinkInfo, LinkStats, Oid, Quality, Status, WanInfo
from ndiswan._native import OID_TABLE
from rigs import Instant, bound


@pytest.fixture
def link():
    """A link of a miniport that leaves every request to NDIS."""
    miniport = Instant()
    miniport.info = WanInfo(max_frame_size=1000, header_padding=8, tail_padding=4, desired_accm=7)
    with nw.Ndis() as ndis:
        yield bound(ndis, miniport)[0]


def test_the_oids_are_those_of_the_core():
    """The WAN OIDs have the values of ntddndis.h, in Rust and Python the same."""
    assert Oid.WAN_PERMANENT_ADDRESS == 0x04010101
    assert Oid.WAN_GET_INFO == 0x04010107
    assert Oid.WAN_SET_LINK_INFO == 0x04010108
    assert Oid.WAN_GET_LINK_INFO == 0x04010109
    assert Oid.WAN_GET_STATS_INFO == 0x0401020E
    known = {name.removeprefix("OID_"): value for name, value in OID_TABLE}
    assert known
    assert {name: int(Oid[name]) for name in known} == known


def test_the_qualities_are_those_of_the_header():
    """NdisWanRaw, NdisWanErrorControl, NdisWanReliable."""
    assert [(q.name, int(q)) for q in Quality] == [
        ("RAW", 0),
        ("ERROR_CONTROL", 1),
        ("RELIABLE", 2),
    ]


def test_ndis_answers_what_it_knows(link):
    """Info, link info, addresses, medium subtype and statistics come from NDIS if the miniport does not answer."""
    info = link.query(Oid.WAN_GET_INFO)
    assert info == WanInfo(1000, header_padding=8, tail_padding=4, desired_accm=7)
    settings = link.query(Oid.WAN_GET_LINK_INFO)
    assert isinstance(settings, LinkInfo)
    assert (settings.link_handle, settings.max_send_frame_size) == (link.handle, 1000)
    assert (settings.header_padding, settings.tail_padding, settings.recv_accm) == (8, 4, 7)
    address = link.query(Oid.WAN_PERMANENT_ADDRESS)
    assert (type(address), len(address), address[0] & 3) == (bytes, 6, 2)
    assert link.query(Oid.WAN_CURRENT_ADDRESS) == address
    assert link.query(Oid.WAN_MEDIUM_SUBTYPE) == 0
    assert link.query(Oid.WAN_GET_STATS_INFO) == LinkStats()


def test_two_adapters_have_two_addresses():
    """NDIS's address is locally administered, and one for each adapter."""
    with nw.Ndis() as ndis:
        addresses = [bound(ndis, Instant())[0].query(Oid.WAN_PERMANENT_ADDRESS) for _ in range(3)]
    assert len(set(addresses)) == 3


@pytest.mark.parametrize("oid", [Oid.WAN_QUALITY_OF_SERVICE, Oid.WAN_LINE_COUNT, 0x12345678])
def test_what_nobody_knows_is_not_supported(link, oid):
    """The status is the answer, for a query and for a set."""
    assert link.query(oid) is Status.NOT_SUPPORTED
    assert link.set(oid, 1) is Status.NOT_SUPPORTED


def test_what_is_set_is_kept(link):
    """An address and a link's settings come back as they were set; others cannot be set."""
    assert link.set(Oid.WAN_CURRENT_ADDRESS, b"\x02abcde") is nw.SUCCESS
    assert link.query(Oid.WAN_CURRENT_ADDRESS) == b"\x02abcde"
    assert link.query(Oid.WAN_PERMANENT_ADDRESS) != b"\x02abcde"
    settings = link.query(Oid.WAN_GET_LINK_INFO)
    settings.send_accm, settings.max_send_frame_size = 0xFFFFFFFF, 100
    assert link.set(Oid.WAN_SET_LINK_INFO, settings) is nw.SUCCESS
    assert link.query(Oid.WAN_GET_LINK_INFO) == settings
    assert link.set(Oid.WAN_GET_INFO, WanInfo()) is Status.NOT_SUPPORTED


def test_a_frame_above_what_the_link_was_set_to_is_refused(link):
    """A frame above MaxSendFrameSize (and 32 bytes) is answered with INVALID_LENGTH."""
    assert link.set(Oid.WAN_SET_LINK_INFO, LinkInfo(max_send_frame_size=100)) is nw.SUCCESS
    assert link.send(bytes(132)) is nw.SUCCESS
    assert link.send(bytes(133)) is Status.INVALID_LENGTH
    assert link.adapter.counters["submitted"] == 1


@pytest.mark.parametrize(
    "value", [LinkInfo(max_send_frame_size=0), LinkInfo(max_send_frame_size=1001), 7, b"\x02abcde"]
)
def test_a_link_s_settings_have_to_fit(link, value):
    """A size beyond the adapter's, and what is no LinkInfo, is INVALID_DATA; nothing is changed."""
    before = link.query(Oid.WAN_GET_LINK_INFO)
    assert link.set(Oid.WAN_SET_LINK_INFO, value) is Status.INVALID_DATA
    assert link.query(Oid.WAN_GET_LINK_INFO) == before


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (b"short", ValueError, "an address of 6 bytes, got 5"),
        ("text", TypeError, "expected a LinkInfo, a WanInfo, an address"),
        (None, TypeError, "got None"),
        (1.5, TypeError, "got 1.5"),
        (2**32, TypeError, "got 4294967296"),
        (LinkInfo(send_accm="all"), TypeError, "str"),
    ],
    ids=["short", "text", "None", "float", "33 bits", "field"],
)
def test_a_value_that_no_oid_has_is_an_error(link, value, error, words):
    """It is refused before the miniport is asked."""
    with pytest.raises(error, match=words):
        link.set(Oid.WAN_CURRENT_ADDRESS, value)


@pytest.mark.parametrize("oid", [None, "WAN_GET_INFO", 1.5])
def test_what_is_no_oid_is_an_error(link, oid):
    """A query takes a number."""
    with pytest.raises(TypeError):
        link.query(oid)


def test_statistics_count_what_went_over_the_link(link):
    """Frames and bytes that were sent well, received and taken, and the errors of fragments."""
    link.send(b"12345")
    link.send(b"123")
    adapter = link.adapter
    for errors in (1, 2, 4, 8, 0x10, 0x20, 0x21):
        adapter.fragment(link, errors)
    adapter.indicate_receive(link, b"1234567")
    assert link.query(Oid.WAN_GET_STATS_INFO) == LinkStats(
        frames_sent=2, bytes_sent=8, frames_rcvd=1, bytes_rcvd=7,
        crc_errors=2, framing_errors=1, serial_overrun_errors=1, buffer_overrun_errors=1,
        timeout_errors=1, alignment_errors=2,
    )  # fmt: skip


class Answers(Instant):
    """Answers requests itself."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def query_information(self, oid):
        self.asked.append(oid)
        return self.answer

    def set_information(self, oid, value):
        self.asked.append((oid, value))
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [WanInfo(max_frame_size=9), LinkInfo(send_accm=3), b"\x02abcde", 7, Status.NOT_ACCEPTED],
)
def test_the_miniport_s_answer_comes_first(answer):
    """A value or a status of the miniport's own is the answer; the OID it sees is a member of `Oid`."""
    miniport = Answers(answer)
    with nw.Ndis() as ndis:
        link = bound(ndis, miniport)[0]
        assert link.query(Oid.WAN_PROTOCOL_CAPS) == answer
        assert link.query(0x04019999) == answer
    assert miniport.asked == [Oid.WAN_PROTOCOL_CAPS, 0x04019999]
    assert isinstance(miniport.asked[0], Oid)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (nw.SUCCESS, nw.SUCCESS),
        (Status.INVALID_DATA, Status.INVALID_DATA),
        (NotImplemented, nw.SUCCESS),
    ],
)
def test_the_miniport_is_told(answer, status):
    """`set_information` gets OID and value, and its status is the answer; NotImplemented lets NDIS keep the value."""
    miniport = Answers(answer)
    with nw.Ndis() as ndis:
        link = bound(ndis, miniport)[0]
        assert link.set(Oid.WAN_SET_LINK_INFO, LinkInfo(send_accm=5)) is status
    told = LinkInfo(send_accm=5, link_handle=link.handle)
    assert miniport.asked == [(Oid.WAN_SET_LINK_INFO, told)]


def test_the_settings_of_a_link_have_its_handle(link):
    """0 stands for the link's own handle; another one is HANDLE, and nothing is changed."""
    assert link.set(Oid.WAN_SET_LINK_INFO, LinkInfo(max_send_frame_size=100)) is nw.SUCCESS
    assert link.query(Oid.WAN_GET_LINK_INFO).link_handle == link.handle
    other = LinkInfo(link_handle=link.handle + 76, max_send_frame_size=200)
    with pytest.raises(nw.AccessViolation, match="settings for link handle 77 were given to") as e:
        link.set(Oid.WAN_SET_LINK_INFO, other)
    assert e.value.rule == "HANDLE"
    settings = link.query(Oid.WAN_GET_LINK_INFO)
    assert (settings.link_handle, settings.max_send_frame_size) == (link.handle, 100)


@pytest.mark.parametrize(
    ("oid", "answer", "expected"),
    [
        (Oid.WAN_GET_INFO, 7, "WAN_GET_INFO returned 7 .* expected a WanInfo, an NDIS_STATUS or"),
        (Oid.WAN_GET_LINK_INFO, WanInfo(), "WAN_GET_LINK_INFO returned .* expected a LinkInfo,"),
        (Oid.WAN_PERMANENT_ADDRESS, 7, "WAN_PERMANENT_ADDRESS returned 7 .* an address"),
        (Oid.WAN_MEDIUM_SUBTYPE, b"\x02abcde", "WAN_MEDIUM_SUBTYPE returned .* expected an int,"),
    ],
)
def test_an_answer_is_of_the_kind_that_its_oid_has(oid, answer, expected):
    """Another kind is a TypeError of the miniport's, and no answer."""
    with nw.Ndis() as ndis:
        link = bound(ndis, Answers(answer))[0]
        with pytest.raises(TypeError, match=f"query_information of {expected}"):
            link.query(oid)


def test_a_request_that_is_answered_pending_is_a_clear_error():
    """A driver in C may complete it later, one in Python answers at once: it says so, and the next one works."""
    miniport = Answers(nw.PENDING)
    with nw.Ndis() as ndis:
        link = bound(ndis, miniport)[0]
        with pytest.raises(RuntimeError, match=r"answered the request for .*NDIS_STATUS_PENDING"):
            link.query(Oid.WAN_GET_INFO)
        with pytest.raises(
            RuntimeError, match=r"and did not complete it; .*NdisMSetInformationComplete"
        ):
            link.set(Oid.WAN_SET_LINK_INFO, LinkInfo())
        miniport.answer = 7
        assert link.query(Oid.WAN_MEDIUM_SUBTYPE) == 7
    assert ndis.violations == []


def test_a_request_has_its_level_and_its_time():
    """Above DISPATCH it is IRQL_SEND, after halt HALT."""
    with nw.Ndis() as ndis:
        link = bound(ndis, Instant())[0]
        with link.adapter.at(nw.Irql.DIRQL), pytest.raises(nw.IrqlViolation, match="a request at"):
            link.query(Oid.WAN_GET_INFO)
    with pytest.raises(nw.LifeCycleViolation, match="a request of adapter"):
        link.query(Oid.WAN_GET_INFO)


@pytest.mark.parametrize("mode", ["raise", "record"])
def test_two_miniports_that_query_each_other_get_a_report_and_not_a_hang(mode):
    """Serialized, from inside of `wan_send`, on two threads: one is refused with HANG, the other has its answer."""
    inside, answers = threading.Barrier(2, timeout=30), []

    class Asks(nw.Miniport):
        def wan_send(self, link, packet):
            inside.wait()
            try:
                answers.append(self.other.query(Oid.WAN_GET_INFO))
            except nw.ProgressViolation as violation:
                answers.append(violation.rule)
            return nw.SUCCESS

    # What another thread broke is raised by close.
    told = pytest.raises(nw.ProgressViolation) if mode == "raise" else nullcontext()
    with told, nw.Ndis(on_violation=mode) as ndis:
        one, two = Asks(), Asks()
        two.other = bound(ndis, one)[0]
        one.other = bound(ndis, two)[0]
        threads = [threading.Thread(target=m.other.send, args=(b"frame",)) for m in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    (violation,) = ndis.violations
    assert violation.rule == "HANG"
    assert "would wait for ever: cpu" in violation.detail
    refused = "HANG" if mode == "raise" else nw.FAILURE
    assert len(answers) == 2
    assert refused in answers
    assert WanInfo() in answers


def test_structures_compare_and_show_their_fields():
    """Equal by value, not hashable since they may change, and readable."""
    assert WanInfo() == WanInfo(1500, 4)
    assert WanInfo() != WanInfo(1501)
    assert WanInfo() != LinkInfo()
    assert repr(LinkInfo(send_accm=5)).startswith("LinkInfo(header_padding=0, ")
    assert "send_accm=5" in repr(LinkInfo(send_accm=5))
    with pytest.raises(TypeError, match="unhashable"):
        hash(WanInfo())
    with pytest.raises(AttributeError):
        WanInfo().max_farme_size = 7
