"""The viewer: what of a file comes into the page, which event differs first, and what it says to other files."""

import json
import webbrowser

import numpy as np
import pytest
from click.testing import CliRunner

import ndiswan as nw
from commands import FINE, USAGE, ndiswan
from ndiswan import lan
from ndiswan.cli.view import view
from ndiswan.exploring import load
from ndiswan.exploring.target import find
from ndiswan.viewer import ViewError, first_difference, read, to_html
from ndiswan.viewer.kinds import KINDS
from ndiswan.viewer.traces import of_trace
from runs import REPLAYS, Batches, Twice, record, simulate

DOUBLE = REPLAYS / "double-timer-against-interrupt.json"
RAISES = """
import ndiswan as nw
from runs import Batches

def scenario(ndis):
    ndis.bind(nw.Protocol(), Batches()).send(bytes(9))
    ndis.run()
    raise ValueError("the modem is on fire")
"""


class LanBatches(lan.Miniport):
    """A LAN card that is done with a frame at once."""

    serialized = False

    def send(self, packet, flags):
        self.adapter.send_complete(packet)
        return nw.PENDING


HEAD = '{"format":"ndiswan-trace","version":1}\n'


def owners_told(story):
    """By the number of an event of a packet: who owns it afterwards, as the engine's story says."""
    told = {}
    for step in story["steps"]:
        name, _, owner = step["owner"].rpartition(": ")
        told[step["index"]] = (name or story["packet"], owner.split(",")[0].lower())
    return told


@pytest.mark.parametrize("file", sorted(REPLAYS.glob("*.json")), ids=lambda file: file.stem)
def test_the_owner_is_the_contracts(file):
    """After each event of a packet, the viewer and the contract name one owner, in each failure of the zoo."""
    failure = load(file)
    trace = failure.trace()
    run = of_trace(trace, file.name)
    told = owners_told(json.loads(trace.story(full=True).to_json()))
    compared = 0
    for event in range(len(run)):
        slot = int(run.columns["packet"][event])
        if not slot or run.texts[run.columns["text"][event]].kind == "violation":
            continue
        name = ".".join(map(str, run.slots[slot - 1]))
        assert (name, run.owner(event)) == told[event], run.said(event)
        compared += 1
    assert compared


def test_a_replay_has_its_good_run_beside_it():
    """Of a replay file there are two runs: the bad one, and a good one that differs first where the choice acts."""
    bad, good = read(DOUBLE)
    assert [broken.rule for broken in bad.breaks] == ["DOUBLE"]
    assert good.breaks == []
    assert bad.choice is not None
    assert bad.choice.event == first_difference(bad, good)
    assert "Answer 20 of 20 decides" in bad.choice.words
    assert bad.story is not None
    assert bad.story["rule"] == "DOUBLE"


def test_a_recorded_trace_has_an_entry_for_each_event(tmp_path):
    """A run has the events of its trace, in its order, with their times, and all packets end in the pool."""
    path = record(tmp_path / "run.trace", events=500)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    (run,) = read(path)
    assert run.columns["time"].tolist() == [line["time"] for line in lines]
    kinds = [run.texts[text].kind for text in run.columns["text"]]
    assert kinds == [line["what"] for line in lines]
    last = {int(slot): run.owner(at) for at, slot in enumerate(run.columns["packet"]) if slot}
    assert set(last.values()) == {"pool"}
    assert run.breaks == []
    assert run.story is None


def test_each_broken_rule_is_marked_where_it_is_broken(tmp_path):
    """A run that breaks a rule often has a mark for each time, at its event; the page has the rule's words."""
    (run,) = read(record(tmp_path / "run.trace", Twice, events=400))
    assert len(run.breaks) > 10
    for broken in run.breaks:
        assert run.texts[run.columns["text"][broken.event]].kind == "violation"
        assert "complete already" in broken.why
    assert "A packet is completed at most once" in to_html([run])


def test_what_no_engine_reported_is_found_by_the_check(tmp_path):
    """A trace that another program wrote, with no word of a broken rule, has the marks that its check finds."""
    path = record(tmp_path / "run.trace", Twice, events=400)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"violation"' not in line), "utf-8")
    (run,) = read(path)
    kinds = {run.texts[run.columns["text"][broken.event]].kind for broken in run.breaks}
    assert {broken.rule for broken in run.breaks} == {"DOUBLE"}
    assert kinds == {"complete"}


def test_a_simulation_is_shown_as_it_was_counted(tmp_path):
    """Of a simulation's trace, events of each kind are as many as the results say, and the window is never exceeded."""
    simulation = simulate(tmp_path / "run.json")
    results = simulation.results().columns
    (run,) = read(tmp_path / "run.json")
    kinds = np.array([text.kind for text in run.texts])[run.columns["text"]]
    assert (kinds == "submit").sum() == results["sent"].sum()
    assert (kinds == "dropped").sum() == results["dropped_full"].sum() > 0
    assert (kinds == "deliver").sum() == results["succeeded"].sum()
    assert run.links == ["slow", "fast"]
    for number in (1, 2):
        own = kinds[run.columns["link"] == number]
        has = np.cumsum((own == "submit").astype(int) - (own == "deliver").astype(int))
        assert 0 <= has.min() <= has.max() <= 4
    assert (np.diff(run.columns["time"].astype(np.int64)) >= 0).all()


def test_runs_that_are_alike_have_no_difference(tmp_path):
    """The same world recorded twice has no first difference."""
    one, other = (read(record(tmp_path / name))[0] for name in ("one", "other"))
    assert first_difference(one, other) is None


def test_the_first_difference_is_the_first(tmp_path):
    """Two runs differ first at an event that is another, or that one of them lacks; a source line does not count."""
    path = record(tmp_path / "one")
    lines = path.read_text("utf-8").splitlines()
    (one,) = read(path)
    for change in ({"irql": 5}, {"what": "start"}, {"time": 10**9}, {"cpu": 9}):
        changed = [*lines]
        changed[41] = json.dumps({**json.loads(lines[41]), **change})
        (tmp_path / "other").write_text("\n".join(changed) + "\n", "utf-8")
        assert first_difference(one, read(tmp_path / "other")[0]) == 40, change
    (tmp_path / "other").write_text("\n".join(lines[:31]) + "\n", "utf-8")
    assert first_difference(one, read(tmp_path / "other")[0]) == 30
    (moved,) = read(record(tmp_path / "moved", verify=4))
    assert moved.sites
    assert first_difference(one, moved) is None


def test_a_name_cannot_break_out_of_the_page(tmp_path):
    """A driver that is called like a closing tag is a text of the page and no element."""
    path = record(tmp_path / "run.trace")
    text = path.read_text("utf-8").replace('"name":"Batches"', '"name":"</script><b>&amp;"')
    path.write_text(text, "utf-8")
    (run,) = read(path)
    assert run.adapters == ["</script><b>&amp;"]
    page = to_html([run])
    assert "<b>&amp;" not in page
    assert page.count("<script") == page.count("</script>")


def test_the_page_is_one_file_that_asks_for_nothing(tmp_path):
    """The page names no address, and forbids itself to load anything."""
    page = to_html(read(record(tmp_path / "run.trace")))
    assert "default-src 'none'" in page
    assert [
        word for word in ("http://", "https://", "src=", "@import", "url(") if word in page
    ] == []


def _slice(time, flow=0):
    """The rest of a row of a simulation's trace: a packet that is on the line."""
    rest = f'1,"ts":{time},"dur":1,"tid":40000000,"name":"{flow}:{flow}","args":{{"bytes":1}}'
    return rest.encode()


def bad_files():
    """Files that cannot be shown: the name, the content, and what the message has to say."""
    newer = HEAD.replace('"version":1', '"version":99')
    yield "empty.trace", b"", "the file is empty; expected a replay file"
    yield "blank.trace", b"\n\n", "the file is empty; expected a replay file"
    yield "words.txt", b"some words", "begins with 'some words'; expected a replay file"
    yield "other.json", b'{"a": 1}', "this is JSON, and nothing that can be shown; expected"
    yield "cap.pcapng", b"\x0a\x0d\x0d\x0a\0\0\0\0", "capture of frames, which Wireshark shows"
    yield "x.pftrace", b"\x0a\x10\x01\x02", "Write it once more with a name that ends with .json"
    yield "silent.trace", HEAD.encode(), "nothing happened in this run: expected one event or more"
    yield "newer.trace", newer.encode(), "this trace is of version 99; expected 1 or older"
    yield "cut.trace", (HEAD + '{"time":0,"cpu":1,"ir').encode(), "the recording was cut off"
    yield "torn.trace", (HEAD + "nonsense\n").encode(), "line 2: expected an event"
    yield "none.json", b'{"displayTimeUnit":"ns","traceEvents":[\n]}', "no packet was sent"
    row = b'{"displayTimeUnit":"ns","traceEvents":[\n{"ph":"X","pid":"a"}\n]}'
    yield "odd.json", row, "expected the trace that `ndiswan simulate"
    far = [row.replace(b'"a"', b'%d,"name":"process_name"' % n) for n in (0, 2**32, 2**64)]
    far += [row.replace(b'"a"', _slice(*of)) for of in ((2**64,), (0, 2**64))]
    for n, rows in enumerate(far):
        yield f"far{n}.json", rows, "expected the trace that `ndiswan simulate"
    replay = json.loads(DOUBLE.read_text("utf-8"))
    late = json.dumps({**replay, "ndiswan-replay": 2})
    yield "late.json", late.encode(), "expected version 1 of the format, got 2"
    lost = json.dumps({**replay, "scenario": "nowhere:nothing"})
    yield "lost.json", lost.encode(), "expected its scenario where it was"
    harmed = json.dumps({key: replay[key] for key in replay if key != "choices"})
    yield "harmed.json", harmed.encode(), "this replay file is damaged"


@pytest.mark.parametrize(
    ("name", "content", "said"), [*bad_files()], ids=lambda part: str(part)[:24]
)
def test_a_file_that_cannot_be_shown_is_refused(tmp_path, name, content, said):
    """The message names the file, what was expected and what came; the command ends as wrong use does, with no page."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ViewError) as error:
        read(path)
    assert said in str(error.value)
    assert name in str(error.value)
    ended = CliRunner().invoke(view, [str(path), "--html", str(tmp_path / "page.html")])
    assert ended.exit_code != FINE
    assert said in ended.output
    assert not (tmp_path / "page.html").exists()


def test_three_runs_are_not_a_page(tmp_path):
    """A page is of one run or of two."""
    (run,) = read(record(tmp_path / "run.trace"))
    for runs in ([], [run] * 3):
        with pytest.raises(ViewError, match=f"expected one run or two, got {len(runs)}"):
            to_html(runs)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """`ndiswan view` of a missing file, or of a folder, ends with 4 and says what could be given."""
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ViewError, match="expected a replay file"):
            read(path)
        ended = ndiswan("view", path)
        assert ended.returncode == USAGE
        assert "Traceback" not in ended.stderr


def test_the_command_writes_the_page(tmp_path):
    """With --html the page is written there, two runs if a replay's choice decides or two files are given."""
    page = tmp_path / "page.html"
    for arguments, said in (
        ([DOUBLE], "46 events and 42 events"),
        ([DOUBLE, "--no-good"], "46 events,"),
        ([DOUBLE, DOUBLE], "46 events and 46 events"),
    ):
        ended = ndiswan("view", *arguments, "--html", page)
        assert (ended.returncode, ended.stdout) == (FINE, "")
        assert said in ended.stderr
        assert page.read_text("utf-8").startswith("<!doctype html>")
    ended = ndiswan("view", DOUBLE, "--html", tmp_path / "no" / "page.html")
    assert ended.returncode == USAGE
    assert "--html" in ended.stderr


def test_without_html_a_browser_opens_the_page(tmp_path, monkeypatch):
    """The page is a file that the browser is told of; without a browser the message says where the page is."""
    path = record(tmp_path / "run.trace")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    opened = []
    for there in (True, False):
        monkeypatch.setattr(
            webbrowser, "open", lambda address, there=there: opened.append(address) or there
        )
        ended = CliRunner().invoke(view, [str(path)])
        assert (ended.exit_code == FINE) is there
        assert opened[-1].removeprefix("file://") in ended.output
    assert "there is no browser to open the page with" in ended.output
    assert len(list(tmp_path.glob("ndiswan-*.html"))) == 2


def test_links_of_several_adapters_are_told_apart():
    """Links have numbers far apart; a run has as many as it uses, each with its adapter's name, and a small page."""
    (run, good) = read(REPLAYS / "lock-order-of-three-adapters.json")
    assert len(run.adapters) == len(run.links) == 3
    assert len(set(run.links)) == 3
    assert all(" of " in link for link in run.links)
    assert len(to_html([run, good])) < 200_000


def test_an_exception_is_marked_where_it_was_raised(tmp_path):
    """Of a failure that is an exception, which no trace tells, the page has a mark, its words, and a story."""
    source = tmp_path / "raises.py"
    source.write_text(RAISES, "utf-8")
    found = nw.explore(find(f"{source}:scenario"), executions=5)
    (run, *_) = read(found.failures[0].save(tmp_path / "raises.json"))
    assert [broken.rule for broken in run.breaks] == ["EXCEPTION"]
    assert run.breaks[0].event < len(run) - 1  # the end of the world comes behind it
    assert "the modem is on fire" in run.breaks[0].why
    assert run.story is not None
    assert run.story["rule"] == "EXCEPTION"
    assert run.story["steps"][-1]["index"] == run.breaks[0].event
    assert "the modem is on fire" in to_html([run])


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        ("double-cancelled-and-sent", ["MiniportSend on", "NdisMSendComplete(", "Packets begins"]),
        (
            "lost-when-cancelled",
            ["MiniportCoSendPackets", "NdisMCoSendComplete", "NdisCoSendPackets"],
        ),
        (
            "pause-with-a-half-full-chain",
            [
                "SendNetBufferLists on",
                "the adapter is to be paused",
                "NetBufferListsComplete begins",
            ],
        ),
        ("cancel-of-the-whole-queue", ["asks for it back unsent", "MiniportCancelSend begins"]),
    ],
)
def test_a_driver_of_a_sister_contract_has_its_own_names(bug, said):
    """The page says MiniportSendNetBufferLists of an NDIS 6 driver, and nothing of WAN; each kind has words."""
    run = read(REPLAYS / "shortest" / f"{bug}.json")[0]
    told = "; ".join(text.words for text in run.texts)
    assert [words for words in said if words not in told] == []
    assert "WanSend" not in told
    assert {text.kind for text in run.texts} <= set(KINDS)


def test_adapters_of_several_contracts_have_words_for_all(tmp_path):
    """A text that a LAN and a WAN adapter have in common names neither's function."""
    with nw.Ndis(record=True) as ndis:
        for protocol, miniport in ((nw.Protocol(), Batches()), (lan.Protocol(), LanBatches())):
            ndis.bind(protocol, miniport).send(bytes(9))
        ndis.run()
    ndis.save(tmp_path / "both.trace")
    (run,) = read(tmp_path / "both.trace")
    told = "; ".join(text.words for text in run.texts)
    assert "the miniport's send on link" in told
    assert "WanSend" not in told
    assert "NdisMSendComplete" not in told
