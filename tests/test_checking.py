"""The check as a library: it finds by itself what drivers break, and nothing in drivers that are good."""

import re

import pytest

import ndiswan as nw
from catalogue import CATALOGUE
from commands import BAD, GOOD
from drivers import GOOD as GOOD_DRIVERS
from ndiswan import condis, lan, ndis6
from ndiswan._native import rule_table
from ndiswan.checking import Options, TargetError, check
from ndiswan.checking.frames import built_in, lengths, of_length
from ndiswan.checking.modes import Mode, choose, modes_of
from ndiswan.checking.reached import BY_EVENT, reached_in
from ndiswan.checking.report import lines, table
from ndiswan.checking.target import Driver
from ndiswan.exploring.target import find
from ndiswan.outputs import of_check
from repository import ROOT
from test_c_kernel import HARNESS

# Where a driver of the catalogue breaks its rule, if not as soon as something is sent.
MODES = {
    "LINE": "line-down/inline",
    "RESET": "reset/inline",
    "TIMER": "halt/inline",
    "STALE": "resend/inline",
    "LATE": "patience/inline",
    "HANG": "patience/inline",
    "CANCEL": "cancel/inline",
    "PAUSE": "pause/inline",
}
# Broken by a protocol, or by what only a test does to the driver: two cards, a nested run, a late thread.
NOT_BY_A_CHECK = {"WINDOW", "IRQL_SEND", "FOREIGN", "SERIAL", "HALT"}
OF_NDIS_6 = {"STATUS_LIST", "IRQL_FLAG", "PAUSE"}
PORTING = ROOT / "examples" / "porting"
# Between them they ask everything of a good driver, in a second.
SOME_MODES = [
    "resend/inline",
    "reset/queued",
    "halt/inline",
    "line-down/inline",
    "window-change/queued",
]


def name_of(kind):
    """A class as a target."""
    return f"{kind.__module__}:{kind.__name__}"


@pytest.mark.parametrize("rule", sorted(set(CATALOGUE) - NOT_BY_A_CHECK))
def test_a_bad_driver_is_found_without_being_driven(rule):
    """The catalogue's driver that breaks a rule breaks it under check as well, which knows nothing of it."""
    target = name_of(CATALOGUE[rule].breaks.driver)
    result = check(target, Options(patterns=[MODES.get(rule, "send/inline")]))
    states = {state.rule: state.state for state in result.drivers[0].rules}
    assert states[rule] in {"broken", "warned"}
    assert result.exit_code == (states[rule] == "broken")


@pytest.mark.parametrize("kind", GOOD_DRIVERS, ids=lambda kind: kind.__name__)
def test_a_good_driver_is_clean(kind):
    """No design of a good driver is ever found to break anything."""
    result = check(name_of(kind), Options(patterns=SOME_MODES))
    assert [finding.report for mode in result.drivers[0].modes for finding in mode.findings] == []
    assert result.exit_code == 0


def test_the_good_twin_of_the_bad_modem_is_clean_in_every_mode():
    """The example's good driver has nothing in any mode, warnings included, and every mode sent something."""
    driver = check(str(GOOD)).drivers[0]
    assert [mode.name for mode in driver.modes if mode.findings or not mode.sends] == []
    assert driver.clean
    assert driver.first is None


class FirstOfAnArray(lan.Miniport):
    """Completes the first packet of an array."""

    serialized = False

    def send_packets(self, packets):
        self.adapter.send_complete(packets[0])


class FirstOfACall(condis.Miniport):
    """Completes the first packet of an array."""

    def co_send_packets(self, vc, packets):
        self.adapter.co_send_complete(nw.SUCCESS, vc, packets[0])


class FirstOfAChain(ndis6.Miniport):
    """Completes the first list of a chain."""

    def send_net_buffer_lists(self, nbls, flags):
        level = ndis6.DISPATCH_LEVEL if self.adapter.irql == nw.Irql.DISPATCH else 0
        self.adapter.send_net_buffer_lists_complete(nbls[:1], level)


@pytest.mark.parametrize("kind", [FirstOfAnArray, FirstOfACall, FirstOfAChain])
def test_a_driver_of_a_sister_contract_that_loses_the_rest_of_an_array_is_found(kind):
    """One frame at a time it does everything right."""
    target = f"{kind.__module__}:{kind.__name__}"
    assert check(target, Options(patterns=["send", "resend"])).exit_code == 0
    result = check(target, Options(patterns=["together/inline"]))
    states = {state.rule: state.state for state in result.drivers[0].rules}
    assert "broken" in {states["LOST"], states.get("PAUSE")}


def test_progress_is_told_mode_by_mode():
    """A caller can show how far it is."""
    told = []
    check(str(BAD), Options(patterns=["send"]), progress=lambda *step: told.append(step))
    assert told == [("BadModem", done, 2) for done in range(3)]


def test_the_same_check_gives_the_same_result():
    """In virtual time nothing depends on the machine, one mode at a time or several."""
    options = [Options(real_time=False, jobs=jobs) for jobs in (1, 2)]
    one, two = (check(str(BAD), option).to_json()["drivers"] for option in options)
    for result in (one, two):
        for mode in result[0]["modes"]:
            del mode["seconds"]
    assert one == two


def test_a_target_that_is_not_there_raises():
    """The library raises what the command prints."""
    with pytest.raises(TargetError, match="no such file"):
        check("nosuch.py")


def test_a_report_fits_its_width():
    """But for histories, no line is wider than asked for."""
    result = check(str(BAD), Options(patterns=["reset"]))
    for width in (70, 110):
        report = list(lines(result, lambda *_: "again", width=width))
        table_only = list(table(result.drivers[0], width=width))
        assert max(map(len, table_only)) <= width
        assert "DOUBLE in mode reset/inline, 3 times; the first:" in report


# ── modes ──


def test_modes_follow_from_the_driver():
    """An interrupt's modes are for drivers that have one, two serializations for those that say nothing."""
    plain = modes_of(Driver("D", serialized=True, fixed=True, interrupts=False))
    assert len({mode.name for mode in plain}) == len(plain) == 26
    assert not any(mode.scenario == "interrupt" for mode in plain)
    both = modes_of(Driver("D", serialized=True, fixed=False, interrupts=True))
    assert len(both) == 2 * 28
    assert all(mode.name.endswith(("/serialized", "/deserialized")) for mode in both)
    virtual = modes_of(Driver("D", serialized=True, fixed=True, interrupts=False), real_time=False)
    assert len(virtual) == 24


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [("reset", 2), ("reset/", 2), ("reset/inline", 1), ("res", 0), ("reset/in", 0)],
)
def test_a_pattern_is_a_name_up_to_a_slash(pattern, chosen):
    """`reset` is all resets, `reset/inline` one; half a word is none."""
    modes = [Mode("reset", "inline"), Mode("reset", "queued"), Mode("send", "inline")]
    if chosen:
        assert len(choose(modes, [pattern])) == chosen
    else:
        with pytest.raises(TargetError):
            choose(modes, [pattern])


# ── frames ──


def test_the_built_in_frames_are_ppp_with_octets_to_escape():
    """LCP, IPCP and IPv4, of several sizes, with flags and escapes inside."""
    frames = built_in()
    assert {frame[:4].hex() for frame in frames} == {"ff03c021", "ff038021", "ff030021"}
    assert len({len(frame) for frame in frames}) > 8
    assert sum(b"\x7e" in frame and b"\x7d" in frame for frame in frames) > 8
    assert max(map(len, frames)) <= 1500


def test_lengths_go_from_one_to_the_largest():
    """All of them as a rule, many where there are too many."""
    assert list(lengths(1500)) == list(range(1, 1501))
    many = list(lengths(65536))
    assert (many[0], many[-1]) == (1, 65536)
    assert 1000 < len(many) < 2000
    assert len(of_length(77)) == 77


# ── reached ──


def reached(tmp_path, miniport, drive):
    """What a run with a miniport reached."""
    with nw.Ndis(record=True, verify=4) as ndis:
        link = ndis.bind(nw.Protocol(), miniport)
        drive(ndis, link)
    ndis.save(tmp_path / "trace.jsonl")
    return reached_in(tmp_path / "trace.jsonl")


class Plain(nw.Miniport):
    """Sends at once."""

    serialized = False

    def wan_send(self, link, packet):
        return nw.SUCCESS


class Locking(Plain):
    """Takes two locks at a time, and completes inside of the call."""

    def initialize(self):
        self.one, self.two = self.adapter.spin_lock("one"), self.adapter.spin_lock("two")

    def wan_send(self, link, packet):
        with self.one, self.two:
            pass
        self.adapter.wan_send_complete(packet)
        return nw.PENDING


def test_what_was_not_done_was_not_reached(tmp_path):
    """A driver that sends at once reaches no lock, no completion and no reset; its sends are counted."""
    rules, sends, *_ = reached(
        tmp_path, Plain(), lambda _, link: [link.send(b"abc"), link.send(b"d")]
    )
    assert sends == 2
    assert {"TOUCH", "EARLY", "STATUS_UNKNOWN", "HALT"} <= rules
    assert not rules & {"DOUBLE", "LOST", "LOCK_HELD", "LOCK_ORDER", "RESET", "TIMER", "SERIAL"}


def test_what_was_done_was_reached(tmp_path):
    """Locks, a completion in the call, a reset and a full window are each seen."""

    def drive(ndis, link):
        link.send(b"abc")
        ndis.reset(link)

    miniport = Locking()
    miniport.info = nw.WanInfo(max_transmit=1)
    rules = reached(tmp_path, miniport, drive).rules
    assert {"LOCK_HELD", "LOCK_ORDER", "LOCK_FORM", "DOUBLE", "EARLY", "RESET", "WINDOW"} <= rules
    assert "STALE" not in rules


@pytest.mark.parametrize(
    ("file", "kind", "lacks", "reaches"),
    [
        ("wan5", "QueuedCard", {"SYNC", "RESOURCES", "CANCEL", *OF_NDIS_6}, {"FACE"}),
        ("lan5", "SerializedCard", {"WINDOW", *OF_NDIS_6}, {"RESOURCES"}),
        ("condis", "QueuedCard", {"RESOURCES", *OF_NDIS_6}, {"SYNC", "CANCEL"}),
        ("ndis6", "QueuedCard", {"WINDOW", "RESOURCES"}, {"SYNC", "CANCEL", *OF_NDIS_6}),
    ],
)
def test_a_driver_is_judged_by_the_rules_of_its_contract(file, kind, lacks, reaches):
    """Those of a sister contract are in no form of the result; those of its own are reached."""
    result = check(str(PORTING / f"{file}.py"), Options(only=kind, real_time=False))
    states = {state.rule: state.state for state in result.drivers[0].rules}
    assert set(rule_table()) - set(states) == lacks
    assert {rule: states[rule] for rule in reaches} == dict.fromkeys(reaches, "kept")
    report = of_check(result, lambda *_: "again")
    listed = [name.removeprefix("rule.") for name in report.suites[0].properties]
    assert listed == [rule["rule"] for rule in result.to_json()["drivers"][0]["rules"]]
    assert listed == list(states)
    unreached = list(states.values()).count("not reached")
    assert f"{unreached} not reached" in report.headline
    for text in ("\n".join(lines(result, lambda *_: "again")), result._repr_html_()):
        assert not lacks & set(re.findall(r"[A-Z_]{3,}", text))


def test_a_recording_is_judged_by_the_contracts_of_its_adapters(tmp_path):
    """A trace names the contract of each adapter; a rule that none of them has is not listed."""
    with nw.Ndis(record=True) as ndis:
        ndis.bind(lan.Protocol(), CATALOGUE["RESOURCES"].keeps.driver()).send(b"frame")
        ndis.run()
    ndis.save(tmp_path / "lan.trace")
    driver = check(str(tmp_path / "lan.trace")).drivers[0]
    assert driver.contracts == ["lan"]
    flow = [state.rule for state in driver.rules if state.family == "Flow"]
    assert flow == ["LINE", "SERIAL", "RESOURCES"]


def test_rules_of_events_are_rules():
    """The table names no rule that is none."""
    assert set().union(*BY_EVENT.values()) <= set(rule_table())


def test_the_good_modem_is_clean_under_an_explorer_as_well():
    """What the demo shows as good breaks nothing in two thousand schedules with resets and interrupts."""
    scenario = find(f"{GOOD}:Modem")
    assert nw.explore(scenario, seed=1, executions=2000).failures == []


FLAPS = """
#include <ndiswan.h>
static NDIS_MINIPORT_TIMER Timer;
static NDIS_HANDLE Link;
static int Ticks;
static VOID Up(void)
{
    NDIS_MAC_LINE_UP up;
    NdisZeroMemory(&up, sizeof(up));
    up.LinkSpeed = 640;
    NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
    Link = up.NdisLinkContext;
}
static VOID Tick(PVOID s, PVOID c, PVOID t, PVOID u)
{
    NDIS_MAC_LINE_DOWN down;
    if (++Ticks % 10 == 0) {
        down.NdisLinkContext = Link;
        NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_DOWN, &down, sizeof(down));
    }
    if (Ticks % 10 == 2)
        Up();
}
"""


def test_a_leased_line_that_comes_and_goes_is_waited_for(tmp_path) -> None:
    """It is down each second and up again with a link of its own: no send is made meanwhile, and it is one line."""
    text = HARNESS.replace("@GLOBALS@", FLAPS).replace(
        "@HALT@", "BOOLEAN b; NdisMCancelTimer(&Timer, &b);"
    )
    start = "NdisMInitializeTimer(&Timer, Adapter, Tick, NULL); NdisMSetPeriodicTimer(&Timer, 100);"
    source = tmp_path / "flaps.c"
    source.write_text(text.replace("@BODY@", start), "utf-8")
    (driver,) = check(
        str(source), Options(patterns=["send", "padding", "line-down/inline"])
    ).drivers
    assert [finding.report for mode in driver.modes for finding in mode.errors] == []
    assert all(mode.sends for mode in driver.modes)
    assert "takes its line down" in driver.modes[-1].note


def test_each_thing_that_is_left_behind_is_told(tmp_path) -> None:
    """One leak does not hide another; the same in the next mode is not told again."""
    left = """
        PVOID block, range;
        NdisAllocateMemoryWithTag(&block, 100, 'tfel');
        NdisMRegisterIoPortRange(&range, Adapter, 0x300, 8);
    """
    source = tmp_path / "leaves.c"
    text = HARNESS.replace("@GLOBALS@", FLAPS).replace("@HALT@", "")
    source.write_text(text.replace("@BODY@", f"{left} Up();"), "utf-8")
    result = check(str(source), Options(patterns=["halt", "send/inline"]))
    told = "\n".join(lines(result, lambda *_: "again"))
    assert told.count("100 bytes at") == 1
    assert told.count("the 8 ports from 0x300 are still registered") == 1


SECOND = """
import ndiswan as nw

class Second(nw.Miniport):
    serialized = False
    info = nw.WanInfo(endpoints=2)

    def initialize(self):
        with self.adapter.at(nw.Irql.DISPATCH):
            self.first = self.adapter.line_up()
            self.adapter.line_up()

    def wan_send(self, link, packet):
        return nw.SUCCESS if link == self.first else nw.PENDING
"""


def test_all_lines_of_a_miniport_are_sent_on(tmp_path) -> None:
    """A mistake on the second one is found; frames went to the first alone."""
    source = tmp_path / "second.py"
    source.write_text(SECOND, "utf-8")
    (driver,) = check(str(source), Options(patterns=["send"])).drivers
    assert {finding.rule for mode in driver.modes for finding in mode.errors} >= {"LOST"}
