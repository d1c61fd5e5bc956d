"""Broken rules as exceptions: their classes, what they carry, and how they read."""

import copy
import pickle
import warnings

import pytest

import ndiswan as nw
from ndiswan import Status
from ndiswan._native import rule_info, rule_table
from rigs import Holding, bound

FAMILIES = {
    "OwnershipViolation": {"DOUBLE", "LOST", "FOREIGN", "STALE", "EARLY"},
    "AccessViolation": {"TOUCH", "RESERVED", "PADDING", "HANDLE", "FACE"},
    "StatusViolation": {"STATUS_PENDING", "STATUS_RESOURCES", "STATUS_UNKNOWN", "STATUS_LIST", "SYNC"},
    "IrqlViolation": {"IRQL_COMPLETE", "IRQL_SEND", "IRQL_LEAK", "IRQL_CALL", "IRQL_FLAG"},
    "LockViolation": {
        "LOCK_HELD", "LOCK_RECURSION", "LOCK_UNHELD", "LOCK_ORDER", "LOCK_FORM", "LOCK_LEAK",
    },
    "FlowViolation": {"WINDOW", "LINE", "SERIAL", "RESOURCES"},
    "LifeCycleViolation": {"RESET", "HALT", "INDICATE", "TIMER", "PAUSE", "CANCEL"},
    "ProgressViolation": {"LATE", "HANG"},
}  # fmt: skip


def a_double_completion(**settings):
    """The exception, and the Ndis that it comes from."""
    with nw.Ndis(**settings) as ndis:
        link, _, miniport = bound(ndis, name="COM1")
        link.send(b"frame")
        packet = miniport.held.pop()
        miniport.adapter.wan_send_complete(packet, nw.SUCCESS)
        lock = miniport.adapter.spin_lock("queue")
        with pytest.raises(nw.OwnershipViolation) as caught, lock:
            miniport.adapter.wan_send_complete(packet, nw.FAILURE)
    return caught.value, ndis


def test_each_rule_has_a_family_and_each_family_a_class():
    """The classes are the design's, every rule is in one, and each class names its rules in its docstring."""
    assert set().union(*FAMILIES.values()) == set(rule_table())
    for name, rules in FAMILIES.items():
        family = getattr(nw, name)
        assert issubclass(family, nw.ContractViolation)
        assert {rule_info(rule)["exception"] for rule in rules} == {name}
        assert all(rule in family.__doc__ for rule in rules)
    assert issubclass(nw.ContractViolation, AssertionError)
    assert issubclass(nw.ContractWarning, UserWarning)


def test_an_id_that_is_none_is_refused_with_the_list():
    """`rule_info` says which ids there are."""
    with pytest.raises(ValueError, match='got "DUBBLE"; the ids are DOUBLE, LOST'):
        rule_info("DUBBLE")


def test_every_rule_has_its_texts():
    """A sentence, why it is so, what the page says and where, what to do, and who breaks it; all of some length."""
    for rule in rule_table():
        info = rule_info(rule)
        assert info["id"] == rule
        for field in ("sentence", "why", "page", "remedy", "broken_by"):
            assert len(info[field]) > 40, (rule, field)
            assert "  " not in info[field], (rule, field)
        assert info["source"]
        assert info["facts"]
        assert info["strength"]
        assert info["switch"] is None or info["switch"] in nw.Policy.__slots__


def test_a_violation_carries_all_that_its_reader_needs():
    """Rule, adapter, packet, history, level, locks, place, thread, time, texts."""
    violation, ndis = a_double_completion()
    assert (violation.rule, violation.adapter) == ("DOUBLE", "COM1")
    assert violation.packet == "packet 0.0 (life 1)"
    assert violation.irql is nw.Irql.DISPATCH
    assert violation.locks == ['spin lock "queue"']
    assert (violation.inside, violation.time_ns, violation.warning) == ([], 0, False)
    assert violation.cpu >= 0
    whats = [event.what for event in violation.history]
    assert whats == [
        "allocate", "send", "submit", "return", "complete", "deliver", "free", "complete",
    ]  # fmt: skip
    info = rule_info("DOUBLE")
    for field in ("sentence", "page", "source", "remedy"):
        assert getattr(violation, field) == info[field]
    assert [str(found) for found in ndis.violations] == [str(violation)]
    assert repr(violation).startswith(
        "<OwnershipViolation DOUBLE: packet 0.0 (life 1) was completed"
    )


def test_a_report_reads_from_top_to_bottom():
    """Rule and detail first, then where, the packet and its history, the page, and what to do."""
    lines = str(a_double_completion()[0]).splitlines()
    heads = [line[2:12].strip() for line in lines[1:] if line[2:12].strip()]
    assert heads == ["rule", "where", "packet", "history", "the page", "source", "to mend"]
    assert lines[0].startswith("DOUBLE: packet 0.0 (life 1) was completed with NDIS_STATUS_FAILURE")
    assert 'adapter "COM1"' in str(lines)
    assert 'holding spin lock "queue"' in str(lines)
    assert sum("NdisMWanSendComplete(life 1" in line for line in lines) == 2


def test_a_notebook_shows_a_table():
    """`_repr_html_` has the same, escaped."""
    html = a_double_completion()[0]._repr_html_()
    assert html.count("<tr>") == 1 + 8
    assert "<b>DOUBLE</b>" in html
    assert "spin lock &quot;queue&quot;" in html
    assert "<i>A miniport owes a completion only" in html
    assert html.startswith('<div class="ndiswan">')
    assert html.endswith("</div>")


@pytest.mark.parametrize("verify", [0, 1, 2, 3, 4])
def test_a_report_is_made_at_every_level(verify):
    """With less history the report is shorter and says the same."""
    violation, _ = a_double_completion(verify=verify)
    assert violation.rule == "DOUBLE"
    assert len(violation.history) == [0, 0, 1, 8, 8][verify]
    assert violation.detail in str(violation)
    assert violation._repr_html_()


def test_at_level_four_the_driver_s_lines_are_named():
    """The report ends an event with file and line of the call."""
    violation, _ = a_double_completion(verify=4)
    assert f"{__file__}:" in str(violation)
    assert "in a_double_completion]" in str(violation)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_a_violation_can_be_copied_and_sent(again):
    """A process pool or pytest-xdist passes it on whole."""
    violation = a_double_completion()[0]
    same = again(violation)
    assert type(same) is type(violation)
    assert str(same) == str(violation)
    assert (same.rule, same.detail, same.irql) == (violation.rule, violation.detail, violation.irql)
    assert [str(e) for e in same.history] == [str(e) for e in violation.history]


def test_a_rule_that_only_warns_warns_once_where_the_user_is():
    """A ContractWarning with the whole report, from the user's call; the run goes on and the record has it."""
    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis)
        link.send(b"frame")
        with pytest.warns(nw.ContractWarning) as caught:
            miniport.adapter.wan_send_complete(miniport.held.pop(), 0xDEADBEEF)
        (warning,) = caught
        assert warning.filename == __file__
        text = str(warning.message)
        assert text.startswith("STATUS_UNKNOWN: 0xDEADBEEF (not a published NDIS_STATUS)")
        assert rule_info("STATUS_UNKNOWN")["remedy"] in text
        assert peer.answers == [Status(0xDEADBEEF)]
        assert [violation.warning for violation in ndis.violations] == [True]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ndis.run()


def test_a_driver_that_catches_a_violation_does_not_hide_it():
    """What a driver swallowed is not raised again, and is on record."""

    class Swallows(nw.Miniport):
        def wan_send(self, link, packet):
            with pytest.raises(nw.AccessViolation):
                packet.protocol_reserved  # noqa: B018
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        assert bound(ndis, Swallows())[0].send(b"frame") == nw.SUCCESS
    assert [violation.rule for violation in ndis.violations] == ["RESERVED"]


def test_one_call_raises_once():
    """A call that finds several raises the first; the rest is on record, and later calls are not burdened."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        for _ in range(3):
            link.send(b"frame")
        with pytest.raises(nw.OwnershipViolation, match=r"packet 0.0"):
            link.close()
        miniport.held.clear()
        ndis.run()
        assert len(ndis.violations) == 3


class Slow(nw.Miniport):
    """Completes after forty seconds what it was handed; the first time it may answer with nothing."""

    serialized = False

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def initialize(self):
        self.owed = []
        self.timer = self.adapter.timer(self.done)

    def wan_send(self, link, packet):
        self.owed.append(packet)
        self.timer.set(40)
        return self.answer

    def done(self):
        owed, self.owed = self.owed, []
        for packet in owed:
            self.adapter.wan_send_complete(packet)

    def halt(self):
        self.timer.cancel()


@pytest.mark.parametrize(("answer", "rules"), [(nw.PENDING, {"LATE"}), (None, {"STATUS_UNKNOWN"})])
def test_what_comes_of_a_repair_is_no_mistake_of_its_own(answer, rules):
    """NDIS gives up a packet and it is sent again; the driver that completes the first send is late, not STALE."""
    with nw.Ndis(on_violation="record") as ndis:
        miniport = Slow(answer)
        link = ndis.bind(nw.Protocol(), miniport, packets=1)
        link.send(b"first")
        ndis.run(until=35)
        miniport.answer = nw.PENDING
        assert link.send(b"second") == nw.PENDING, "the pool has one packet"
        miniport.owed = miniport.owed[:1]
        miniport.done()
        assert {broken.rule for broken in ndis.violations if not broken.warning} - {"HANG"} == rules


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("status", "rule"),
    [(Status.RESOURCES, "STATUS_RESOURCES"), (Status(0xDEAD), "STATUS_UNKNOWN")],
)
def test_a_completion_is_warned_of_at_its_own_line(status, rule, many):
    """The warning is the completion's, once, and not that of the next innocent call; the packet is home."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, Holding())
        link.send(b"a")
        packet, adapter = miniport.held.pop(), miniport.adapter
        complete = adapter.wan_send_complete_many if many else adapter.wan_send_complete
        with pytest.warns(nw.ContractWarning, match=rule) as warned:
            complete([packet] if many else packet, status)
        assert [warning.filename for warning in warned] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert link.query(nw.Oid.WAN_GET_INFO).max_transmit == 4
            ndis.run()
        assert link.outstanding == 0


@pytest.mark.parametrize(("verify", "said"), [(3, False), (4, True)])
def test_a_rule_that_is_about_no_packet_says_at_which_line_it_was_broken(verify, said):
    """A packet's history has the line already, and nothing is said twice."""

    class Indicates(Holding):
        serialized = True

        def initialize(self):
            super().initialize()
            self.adapter.line_up()

    with (
        pytest.raises(nw.LifeCycleViolation) as caught,
        nw.Ndis(verify=verify) as ndis,
    ):
        ndis.bind(nw.Protocol(), Indicates())
    (where,) = (line for line in str(caught.value).splitlines() if line.startswith("  where"))
    assert where.endswith("Indicates.initialize") is said
    assert (caught.value.site is not None) is said
    assert said is (f", at {__file__}:" in where)
    double, _ = a_double_completion(verify=4)
    assert str(double).count(str(double.site)) == 1
