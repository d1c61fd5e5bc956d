"""Coverage of ownership edges: what is counted, what of it is said, and the command that does both."""

import json
import re
from html.parser import HTMLParser

import pytest

import ndiswan as nw
from commands import FINE, NOTHING_RAN, ROOT, USAGE, VIOLATIONS, ndiswan
from ndiswan._native import Trace, edge_names
from ndiswan.checking import Options, check
from ndiswan.coverage import Edges, Report, Share, read, to_html

FRAME = b"\xff\x03\xc0\x21\x01\x01\x00\x04"
PENDED = "Miniport (pended) · Complete · DISPATCH · "


class Modem(nw.Miniport):
    """Completes what it was given by a timer, with its lock held if it is told to."""

    serialized = False

    def initialize(self):
        self.lock = self.adapter.spin_lock("queue")
        self.timer = self.adapter.timer(self.done)

    def wan_send(self, link, packet):
        self.packet = packet
        self.timer.set(0.001)
        return nw.PENDING

    def done(self):
        if self.careless:
            with self.lock:
                self.adapter.wan_send_complete(self.packet, nw.SUCCESS)
        else:
            self.adapter.wan_send_complete(self.packet, nw.SUCCESS)


def run(*, careless=False, frames=2):
    """A recorded world that is over."""
    with nw.Ndis(record=True, on_violation="record") as ndis:
        modem = Modem()
        modem.careless = careless
        link = ndis.bind(nw.Protocol(), modem, name="card")
        for _ in range(frames):
            link.send(FRAME)
            ndis.run()
    return ndis


@pytest.fixture
def trace(tmp_path):
    """The trace of a run without violations."""
    path = tmp_path / "good.jsonl"
    run().save(path)
    return path


@pytest.fixture
def careless(tmp_path):
    """The trace of a run that completes with a lock held."""
    path = tmp_path / "careless.jsonl"
    run(careless=True).save(path)
    return path


def counts(edges):
    """How often each edge was reached, by its name."""
    return {row["name"]: row["count"] for row in edges.rows() if row["count"]}


def test_edges_are_counted_by_owner_event_level_and_locks(careless):
    """Two completions with a lock held are twice that edge, and every event is one edge."""
    edges = read(careless)
    found = counts(edges)
    assert found[PENDED + "1 lock"] == 2
    assert PENDED + "no lock" not in found
    is_edge = [event for event in run(careless=True).events() if event.what != "violation"]
    assert sum(found.values()) == len(is_edge)
    assert len(edges) == len(found)
    assert 0 < edges.pairs < len(is_edge)


def test_a_recording_and_its_trace_reach_the_same(trace):
    """`ndis.events()` and the file give the same counts; the second time nothing is new."""
    edges = Edges()
    new = edges.see(run().events())
    assert new == len(edges) + edges.pairs
    assert edges.see(Trace(trace)) == 0
    assert {name: count // 2 for name, count in counts(edges).items()} == counts(read(trace))


def test_counts_add_up(trace, careless):
    """Merging says how much is new, and merging with itself doubles."""
    edges = read(trace)
    before = len(edges) + edges.pairs
    new = edges.merge(read(careless))
    assert new == len(edges) + edges.pairs - before > 0
    doubled = {name: 2 * count for name, count in counts(edges).items()}
    assert edges.merge(edges) == 0
    assert counts(edges) == doubled


def test_counts_survive_a_file(trace, tmp_path):
    """What `to_json` writes is read as it was, and so is the report's document."""
    edges = read(trace)
    assert counts(Edges.from_json(edges.to_json())) == counts(edges)
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(Report.of(edges).to_json(), indent=2))
    again = read(path)
    assert (counts(again), again.pairs) == (counts(edges), edges.pairs)


def test_the_list_is_that_of_the_contract():
    """A completion without a lock is kept, one with a lock breaks LOCK_HELD, and what cannot be has no row."""
    rows = {row["name"]: row for row in Edges().rows()}
    assert rows[PENDED + "no lock"]["kept"]
    assert rows[PENDED + "1 lock"]["rules"].count("LOCK_HELD") == 1
    assert not rows[PENDED + "1 lock"]["kept"]
    assert "Pool · Submit · PASSIVE · no lock" not in rows
    states, events = edge_names()
    assert {row["state"] for row in rows.values()} <= set(states)
    assert {row["event"] for row in rows.values()} <= set(events)


def test_a_report_says_what_was_never_reached(trace):
    """What is reached and what is not are the whole list; a good driver breaks nothing and is foreseen."""
    report = Report.read([trace])
    assert report.edges.total == report.edges.reached + len(report.never)
    assert (report.broken, report.unforeseen) == ([], [])
    assert 0 < report.edges.percent < report.steps.percent < 100
    assert sum(share.reached for share in report.states.values()) == report.edges.reached
    assert "Complete" not in report.missing["Miniport (pended)"]
    assert "Complete" in report.missing["Miniport (in the call)"]
    assert Share(0, 0).percent == 100


def test_what_breaks_a_rule_is_reported_and_does_not_count(trace, careless):
    """The careless run has an edge that no good driver reaches, and no larger share for it."""
    report = Report.read([trace, careless])
    assert [row.name for row in report.broken] == [PENDED + "1 lock"]
    assert report.broken[0] not in report.never
    names = {row.name for row in Report.read([careless]).never} - {row.name for row in report.never}
    assert PENDED + "no lock" in names


class Page(HTMLParser):
    """What of a page is looked at: every tag, its attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words += data


def test_the_page_is_one_file_that_needs_no_other(trace, careless):
    """It has no script, link, image or address, and a cell for each edge."""
    report = Report.read([trace, careless])
    page = Page(to_html(report))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in {"src", "href"}]
    assert "url(" not in page.words
    titles = [value for name, value in page.attributes if name == "title"]
    assert len(titles) == len(report.rows)
    kinds = [value for name, value in page.attributes if name == "class"]
    assert kinds.count("hit") - 1 == report.edges.reached  # one is the key's
    assert kinds.count("bad") - 1 == len(report.broken)
    assert "$" not in page.words


def test_the_names_of_files_are_text_on_the_page():
    """A source cannot leave its place."""
    assert "<b>&" not in to_html(Report.of(Edges(), ["<b>&.jsonl"]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("{}", "not a trace"),
        ('{"format": "ndiswan-coverage", "version": 9}', "version 9"),
        ('{"format": "ndiswan-coverage", "version": 1}', "edges"),
        ('{"format": "ndiswan-coverage", "version": 1, "edges": [{}]}', "missing field"),
    ],
)
def test_what_is_no_file_of_edges_is_told(tmp_path, text, says):
    """The error names the file and what is wrong with it, as the command does."""
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=says) as error:
        read(path)
    assert str(path) in str(error.value)
    done = ndiswan("coverage", path)
    assert done.returncode == USAGE
    assert re.search(says, done.stderr)
    assert "Traceback" not in done.stderr


def test_the_command_adds_up_traces_and_documents(trace, careless, tmp_path):
    """`--json` is one document on stdout, and a file for the next run."""
    first = ndiswan("coverage", trace, "--json")
    path = tmp_path / "first.json"
    path.write_text(first.stdout)
    both = ndiswan("coverage", path, careless, "--json")
    assert (first.returncode, both.returncode, both.stderr) == (FINE, FINE, "")
    document = json.loads(both.stdout)
    assert document["totals"]["events"] > json.loads(first.stdout)["totals"]["events"]
    assert document["totals"]["broken"] == 1
    assert document["sources"] == [str(path), str(careless)]
    assert (
        len(document["never"]) + document["totals"]["edges"]["reached"]
        == document["totals"]["edges"]["total"]
    )


def test_the_command_says_it_in_words(trace, careless, tmp_path):
    """Totals, states, what breaks a rule, and what never happened; the page on request."""
    path = tmp_path / "coverage.html"
    done = ndiswan("coverage", trace, careless, "--html", path)
    assert (done.returncode, done.stderr) == (FINE, "")
    assert re.search(r"^edges +\d+ of \d+ \(\d+\.\d %\)$", done.stdout, re.MULTILINE)
    assert PENDED + "1 lock  (can break " in done.stdout
    assert "never, whatever the level" in done.stdout
    assert PENDED + "no lock" not in ndiswan("coverage", trace, "--all").stdout
    assert path.read_text("utf-8") == to_html(Report.read([trace, careless]))


def test_fail_under_is_an_exit_code(trace, tmp_path):
    """Too small a share ends with 1 and says both; files in which nothing happened with 5."""
    assert ndiswan("coverage", trace, "--fail-under", 1).returncode == FINE
    done = ndiswan("coverage", trace, "--fail-under", 99)
    assert done.returncode == VIOLATIONS
    assert re.search(r"\d+\.\d % of the edges were reached, expected 99 % or more", done.stderr)
    with nw.Ndis(record=True) as empty:
        pass
    empty.save(tmp_path / "empty.jsonl")
    assert ndiswan("coverage", tmp_path / "empty.jsonl").returncode == NOTHING_RAN
    assert ndiswan("coverage", trace, "--html", tmp_path / "no" / "such").returncode == USAGE
    assert ndiswan("coverage").returncode == USAGE


@pytest.mark.parametrize("contract", ["lan", "condis", "ndis6"])
def test_a_driver_of_a_sister_contract_is_measured_by_its_own_edges(tmp_path, contract):
    """Nothing that a good one reaches is unforeseen or broken; what only the others have is not in the list."""
    name = {"lan": "lan5"}.get(contract, contract)
    result = check(
        str(ROOT / "examples" / "porting" / f"{name}.py"),
        Options(real_time=False, traces=str(tmp_path)),
    )
    assert result.exit_code == 0
    report = Report.read(sorted(tmp_path.glob("*.jsonl")))
    assert Edges.from_json(report.counts).contracts == [contract]
    assert (report.broken, report.unforeseen) == ([], [])
    states, events = {row.state for row in report.rows}, {row.event for row in report.rows}
    assert ("paused" in states) == ("pause" in events) == (contract == "ndis6")
    assert ("requeue" in events) == (contract == "lan")
    assert "cancel" in events
    assert "cancel" not in {row.event for row in Report.of(Edges()).rows}
    again = Edges.from_json(json.dumps(report.to_json()))
    again.merge(read_edges_of_wan())
    assert again.contracts == ["wan", contract]
    assert len(again.rows()) >= len(report.rows)


def read_edges_of_wan():
    """What a driver of a WAN card reached."""
    edges = Edges()
    edges.see(run().events())
    return edges


def test_a_file_that_is_not_there_is_told_in_words(tmp_path) -> None:
    """As by the other commands: no number of the machine's."""
    done = ndiswan("coverage", "nope", cwd=tmp_path)
    assert done.returncode == 4
    assert "nope: No such file or directory" in done.stderr
    assert "Errno" not in done.stderr
