"""SARIF of a check, a campaign and a replay: valid by the official schema, and with what a reader of it needs."""

import json
import sys
from urllib.parse import unquote, urlparse

import pytest

from ci import every_location, sarif
from commands import BAD, ROOT, VIOLATIONS, driver, ndiswan
from ndiswan._native import rule_table
from ndiswan.outputs import Report, to_sarif

QUEUED = ROOT / "examples" / "c" / "queued" / "queued.c"
CARELESS = "exploring_targets.py:careless"
BUDGET = ("--executions", "60", "--executor", "serial", "--seed", "5", "--explorer", "random")


def uri(location):
    """The file of a location."""
    return location["physicalLocation"]["artifactLocation"]["uri"]


def line(location):
    """The line of a location."""
    return location["physicalLocation"]["region"]["startLine"]


def messages(flow):
    """What the locations of a thread flow say."""
    return " ".join(step["location"]["message"]["text"] for step in flow["locations"])


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """The results of the bad driver's check."""
    path = tmp_path_factory.mktemp("checked") / "a.sarif"
    done = ndiswan("check", BAD, "--mode", "reset", "--sarif", path, cwd=ROOT)
    assert done.returncode == VIOLATIONS, done.stderr
    return sarif(path)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    """A folder in which a campaign was run, with its results."""
    folder = tmp_path_factory.mktemp("fuzzed")
    (folder / "exploring_targets.py").write_text((ROOT / "tests/exploring_targets.py").read_text())
    done = ndiswan("fuzz", CARELESS, *BUDGET, "--sarif", "f.sarif", cwd=folder)
    assert done.returncode == VIOLATIONS, done.stderr
    return folder, sarif(folder / "f.sarif")


def test_a_result_is_at_the_line_that_breaks_the_rule(checked):
    """One result for each rule at each line, with the file below the repository, the line's text and the function."""
    (run,) = checked
    assert [result["ruleId"] for result in run["results"]] == ["DOUBLE", "STALE"]
    (place,) = run["results"][0]["locations"]
    assert uri(place) == "examples/drivers/modem.py"
    assert place["physicalLocation"]["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    text = (ROOT / "examples/drivers/modem.py").read_text().splitlines()[line(place) - 1]
    assert "wan_send_complete" in text
    assert place["physicalLocation"]["region"]["snippet"]["text"] == text
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "Modem.handle_interrupt"
    base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"]
    assert unquote(urlparse(base).path) == f"{ROOT}/"


def test_a_result_says_where_the_packet_was_taken_and_completed_before(checked):
    """The related locations are in the driver, each with its words."""
    related = {
        place["message"]["text"]: place for place in checked[0]["results"][0]["relatedLocations"]
    }
    assert uri(related["the packet was taken here"]) == "examples/drivers/modem.py"
    before = related["NdisMWanSendComplete(REQUEST_ABORTED), on cpu 0"]
    assert uri(before) == "examples/drivers/bad_modem.py"


def test_a_result_says_how_to_see_it_again(checked):
    """The command is in the message, in words and in Markdown, and as a property."""
    result = checked[0]["results"][0]
    command = result["properties"]["command"]
    assert command.startswith("ndiswan check")
    assert command in result["message"]["text"]
    assert f"`{command}`" in result["message"]["markdown"]
    assert result["properties"]["modes"] == ["reset/inline", "reset/queued"]
    assert ndiswan(*command.split()[1:], cwd=ROOT).returncode == VIOLATIONS


def test_the_rules_are_those_of_the_table(checked):
    """Each rule of the contract is described, with its help; those whose source names a page on the web lead to it."""
    rules = {rule["id"]: rule for rule in checked[0]["tool"]["driver"]["rules"]}
    assert set(rule_table()) < set(rules)
    for rule in rule_table():
        described = rules[rule]
        assert described["shortDescription"]["text"] in described["fullDescription"]["text"]
        assert "To mend it" in described["help"]["markdown"]
        assert described["defaultConfiguration"]["level"] in {"error", "warning"}
    with_a_page = [rule for rule in rule_table() if "helpUri" in rules[rule]]
    assert len(with_a_page) >= 20
    assert rules["DOUBLE"]["helpUri"].endswith("/network/ff553668(v=vs.85)")


def test_the_invocation_says_what_ran_and_how_it_ended(checked):
    """The command line, the exit code and its meaning; violations are no failure of the tool."""
    (invocation,) = checked[0]["invocations"]
    assert invocation["arguments"][0] == "check"
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)
    assert invocation["exitCodeDescription"] == "violations found"


def test_a_schedule_is_a_thread_flow_a_virtual_cpu(fuzzed):
    """Events of both CPUs with their lines, in the order in which they were, up to the one that breaks the rule."""
    _, (run,) = fuzzed
    double = next(result for result in run["results"] if result["ruleId"] == "DOUBLE")
    (code,) = double["codeFlows"]
    flows = {flow["id"]: flow for flow in code["threadFlows"]}
    assert len(flows) >= 2
    orders = []
    for flow in flows.values():
        order = [step["executionOrder"] for step in flow["locations"]]
        assert order == sorted(order)
        orders += order
    assert len(set(orders)) == len(orders)
    last = max(
        (step for flow in flows.values() for step in flow["locations"]),
        key=lambda step: step["executionOrder"],
    )
    assert last["importance"] == "essential"
    assert "breaks DOUBLE" in last["location"]["message"]["text"]
    assert line(last["location"]) == line(double["locations"][0])
    assert "MiniportWanSend (life 1)" in " ".join(map(messages, flows.values()))


def test_what_has_no_line_is_said_at_the_next_event_that_has_one(checked):
    """A call that NDIS makes is in the words of what the driver did in it: no location is without a file."""
    (code,) = checked[0]["results"][0]["codeFlows"]
    (flow,) = code["threadFlows"]
    text = flow["locations"][0]["location"]["message"]["text"]
    assert "MiniportWanSend (life 1); " in text
    assert text.endswith("NdisMWanSendComplete(REQUEST_ABORTED)")


def test_a_failure_of_a_campaign_can_be_replayed_from_its_sarif(fuzzed, tmp_path):
    """It has the token and the whole replay file; `ndiswan replay` takes the SARIF file itself."""
    folder, (run,) = fuzzed
    properties = run["results"][0]["properties"]
    assert properties["token"] == properties["replay"]["choices"]
    again = ndiswan("replay", "f.sarif", "--json", "--sarif", tmp_path / "r.sarif", cwd=folder)
    assert again.returncode == VIOLATIONS, again.stderr
    assert json.loads(again.stdout)["identical"]
    (replayed,) = sarif(tmp_path / "r.sarif")
    (result,) = replayed["results"]
    assert result["partialFingerprints"] == run["results"][0]["partialFingerprints"]
    assert ndiswan(*properties["command"].split()[1:], cwd=folder).returncode == VIOLATIONS
    missing = ndiswan("replay", "f.sarif", "--number", "9", cwd=folder)
    assert (missing.returncode, "with 9 or more" in missing.stderr) == (4, True)


def test_a_driver_in_c_has_its_lines(tmp_path):
    """A packet that is lost is shown where the driver took it, in the C file, and a touch where it was read."""
    (tmp_path / "q.c").write_text(QUEUED.read_text())
    for bug, mode, rule, function, words in (
        (4, "halt/inline", "LOST", "QueuedWanSend", "NdisAcquireSpinLock"),
        (2, "send/inline", "TOUCH", "QueuedTimer", "CurrentLength"),
    ):
        path = tmp_path / f"{bug}.sarif"
        done = ndiswan(
            *("check", "q.c", "-D", f"BUG={bug}", "-D", "NDIS50_MINIPORT=1", "--mode", mode),
            *("--sarif", path),
            cwd=tmp_path,
        )
        assert done.returncode == VIOLATIONS, done.stderr
        result = next(r for r in sarif(path)[0]["results"] if r["ruleId"] == rule)
        (place,) = result["locations"]
        assert uri(place) == "q.c"
        assert place["logicalLocations"][0]["fullyQualifiedName"] == function
        assert words in place["physicalLocation"]["region"]["snippet"]["text"]


def test_fingerprints_are_the_same_after_an_edit_elsewhere(tmp_path):
    """Lines above the mistake do not change who it is; another function does."""
    prints = []
    for head, name in (("", "sent"), ("# a line\n\n# and another\n", "sent"), ("", "other")):
        (tmp_path / "d.py").write_text(f"{head}{TWICE.replace('sent', name)}")
        done = ndiswan("check", "d.py", "--mode", "send/inline", "--sarif", "a.sarif", cwd=tmp_path)
        assert done.returncode == VIOLATIONS, done.stderr
        results = sarif(tmp_path / "a.sarif")[0]["results"]
        prints.append([result["partialFingerprints"]["ndiswan/v1"] for result in results])
    assert prints[0] == prints[1] != prints[2]
    assert len(set(prints[0])) == len(prints[0]) > 0


TWICE = """
import ndiswan as nw

class Twice(nw.Miniport):
    serialized = False
    def initialize(self):
        self.timer = self.adapter.timer(self.sent)
        self.owed = []
    def wan_send(self, link, packet):
        self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING
    def sent(self):
        for packet in list(self.owed):
            self.adapter.wan_send_complete(packet)
            self.adapter.wan_send_complete(packet)
        self.owed.clear()
"""


def test_what_raises_and_what_crashes_is_a_result_too(tmp_path):
    """An exception is at its line; a process that is gone is at its driver; neither is a rule."""
    raising = driver(tmp_path, "raise OSError('no card')")
    path = tmp_path / "a.sarif"
    ndiswan("check", raising, "--mode", "send/inline", "--sarif", path, cwd=tmp_path)
    result = next(r for r in sarif(path)[0]["results"] if r["ruleId"] == "EXCEPTION")
    assert (
        "raise OSError" in result["locations"][0]["physicalLocation"]["region"]["snippet"]["text"]
    )
    dying = driver(tmp_path, "os.kill(os.getpid(), 9)", "import os\n")
    ndiswan("check", dying, "--mode", "send/inline", "--sarif", path, cwd=tmp_path)
    (crash,) = sarif(path)[0]["results"]
    assert (crash["ruleId"], uri(crash["locations"][0])) == ("CRASH", "target.py")


def test_a_target_that_cannot_be_checked_is_a_run_that_failed(tmp_path):
    """The file is there all the same, so that what takes it does not fail; it says why there is nothing in it."""
    path = tmp_path / "a.sarif"
    done = ndiswan("check", "nowhere.py", "--sarif", path, cwd=tmp_path)
    assert done.returncode == 4
    (run,) = sarif(path)
    (invocation,) = run["invocations"]
    assert (run["results"], invocation["executionSuccessful"]) == ([], False)
    (told,) = invocation["toolExecutionNotifications"]
    assert "no such file" in told["message"]["text"]


def test_several_targets_are_several_runs(tmp_path):
    """Each has an id of its own, by which GitHub keeps them apart; the worst exit code counts."""
    (tmp_path / "good.py").write_text(driver(tmp_path).read_text())
    (tmp_path / "bad.py").write_text(TWICE)
    (tmp_path / "none.py").write_text("")
    options = ("--mode", "send/inline", "--sarif", "a.sarif")
    done = ndiswan("check", "good.py", "bad.py", "none.py", *options, cwd=tmp_path)
    assert done.returncode == VIOLATIONS
    runs = sarif(tmp_path / "a.sarif")
    assert [bool(run["results"]) for run in runs] == [False, True, False]
    assert len({run["automationDetails"]["id"] for run in runs}) == 3
    assert ndiswan("check", "good.py", "none.py", *options, cwd=tmp_path).returncode == 0
    assert ndiswan("check", "none.py", *options, cwd=tmp_path).returncode == 5
    allowed = ndiswan("check", "none.py", "--allow-nothing", *options, cwd=tmp_path)
    assert (allowed.returncode, "there is no driver" in allowed.stderr) == (0, True)
    assert ndiswan("check", "good.py", "nowhere.py", *options, cwd=tmp_path).returncode == 4


def test_a_recorded_trace_has_its_lines(tmp_path):
    """What a trace's check finds is at the call that the recording has."""
    (tmp_path / "d.py").write_text(TWICE)
    ndiswan("check", "d.py", "--mode", "send/inline", "--traces", "t", cwd=tmp_path)
    trace = min((tmp_path / "t").glob("*.jsonl"))
    done = ndiswan("check", trace, "--sarif", "a.sarif", cwd=tmp_path)
    assert done.returncode == VIOLATIONS, done.stderr
    result = next(r for r in sarif(tmp_path / "a.sarif")[0]["results"] if r["ruleId"] == "DOUBLE")
    assert uri(result["locations"][0]) == "d.py"
    assert all(uri(place) for place in every_location(result))


def test_a_password_is_in_no_file(monkeypatch):
    """That of a database's address, which the command line has."""
    database = "redis://modem:secret@host/0"
    monkeypatch.setattr(sys, "argv", ["ndiswan", "fuzz", "modem.py", "--database", database])
    written = to_sarif([Report("fuzz", "modem.py")], ROOT)
    (run,) = json.loads(written)["runs"]
    assert run["invocations"][0]["arguments"][-1] == "redis://host/0"
    assert "secret" not in written
