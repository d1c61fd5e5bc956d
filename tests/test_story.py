"""The story of a failure: what is told, in which forms, by which command."""

import json
import re
from xml.dom import minidom

import pytest

import ndiswan as nw
from commands import FINE, USAGE, ndiswan
from ndiswan._native import Trace

FRAME = b"\xff\x03\xc0\x21\x01\x01\x00\x04"


class Twice(nw.Miniport):
    """Completes the first frame twice, the second time from a DPC."""

    serialized = False

    def initialize(self):
        self.lock = self.adapter.spin_lock('the <"queue">')
        self.timer = self.adapter.timer(self.done)
        self.dpc = self.adapter.dpc(self.again)
        self.packets = []

    def wan_send(self, link, packet):
        with self.lock:
            self.packets.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def done(self):
        if self.careless:
            self.dpc.queue()
        for packet in self.packets:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def again(self):
        self.adapter.wan_send_complete(self.packets[0], nw.SUCCESS)


def record(path, *, good=False):
    """Save the trace of a run in which DOUBLE is broken, or nothing."""
    with nw.Ndis(record=True, on_violation="record") as ndis:
        miniport = Twice()
        link = ndis.bind(nw.Protocol(), miniport, name="card")
        link.send(FRAME)
        link.send(FRAME)
        miniport.careless = not good
        ndis.run()
    ndis.save(path)
    return path


@pytest.fixture
def trace(tmp_path):
    """The trace of a run in which DOUBLE is broken."""
    return record(tmp_path / "bad.jsonl")


def test_a_story_is_about_the_rule_that_was_broken(trace):
    """It names the rule, why, and the packet, and it is as far from first-in-first-out as was said."""
    story = Trace(trace).story(switches=3)
    assert (story.rule, story.packet, story.switches) == ("DOUBLE", "0.0", 3)
    assert "complete already" in story.why
    assert Trace(trace).endings() == [(story.rule, story.why)]
    assert repr(story) == f"<Story of DOUBLE, {len(story)} steps>"


def test_the_text_tells_the_way_of_the_packet_and_no_other(trace):
    """One line a step, with who owns the packet then; other packets are counted."""
    text = str(Trace(trace).story(facts=["choice 1 of 2 is the one that matters"]))
    told = re.findall(r"[●├┤│→←─╌]  (\w.*?)  +(\w[\w, ]+?)  +(PASSIVE|DISPATCH)", text)
    assert [(what, owner) for what, owner, _ in told] == [
        ("takes it out of the pool", "Protocol"),
        ("NdisSend, 8 bytes", "Ndis"),
        ("MiniportWanSend (life 1)", "Miniport, in call"),
        ("MiniportWanSend returned PENDING", "Miniport, pended"),
        ("NdisMSetTimer(timer 0), due at 1 ms", "Miniport, pended"),
        ("timer 0 is due", "Miniport, pended"),
        ("MiniportTimer", "Miniport, pended"),
        ("NdisMWanSendComplete(SUCCESS)", "Returning"),
        ("has it back, SUCCESS", "Protocol"),
        ("frees it", "Pool"),
        ("MiniportTimer returned", "Pool"),
        ("MiniportDpc", "Pool"),
        ("NdisMWanSendComplete(SUCCESS)", "Pool"),
    ]
    assert "✗  breaks DOUBLE: packet 0.0" in text
    assert "about other packets" in text
    assert "choice 1 of 2" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_full_story_leaves_nothing_out(trace):
    """Every event has its step."""
    story = Trace(trace).story(full=True)
    assert len(story) == len(Trace(trace))
    assert "…" not in str(story)


def test_a_story_is_data(trace):
    """Its JSON has each step with lanes, owner, level and locks, and the broken rule at its place."""
    story = json.loads(Trace(trace).story(full=True).to_json())
    assert (story["rule"], story["adapter"], story["cpus"]) == ("DOUBLE", "card", 1)
    locked = [step for step in story["steps"] if step["locks"]]
    assert {step["locks"][0] for step in locked} == {'the <"queue">'}
    broken = [step["broken"]["rule"] for step in story["steps"] if step["broken"]]
    assert broken == ["DOUBLE"]
    assert {step["from"] for step in story["steps"]} == {"protocol", "ndis", "miniport"}


def test_the_picture_is_whole_and_harmless(trace):
    """It is well-formed, names of a driver's are text in it, and it needs nothing from elsewhere."""
    svg = Trace(trace).story(full=True).to_svg()
    document = minidom.parseString(svg)
    texts = {node.firstChild.data for node in document.getElementsByTagName("text")}
    assert any('the <"queue">' in text for text in texts)
    assert any("breaks DOUBLE" in text for text in texts)
    assert document.getElementsByTagName("script") == []
    assert "href" not in svg


def test_the_same_trace_gives_the_same_story(trace):
    """Each form is the same, to the letter, however often it is asked for."""

    def forms():
        story = Trace(trace).story(full=True)
        return str(story), story.to_mermaid(), story.to_svg(), story.to_json()

    assert forms() == forms()


def test_a_run_in_which_nothing_broke_has_a_story(tmp_path):
    """It is that of every event, without a rule."""
    trace = Trace(record(tmp_path / "good.jsonl", good=True))
    story = trace.story()
    assert (story.rule, len(story)) == ("", len(trace))
    assert trace.endings() == []


def test_wrong_arguments_are_told(trace):
    """A number that there is not, and a width in which nothing has room."""
    with pytest.raises(IndexError, match="one of the 1 things that went wrong, got 1"):
        Trace(trace).story(1)
    with pytest.raises(ValueError, match="80 columns or more, got 10"):
        Trace(trace).story().to_text(10)


@pytest.mark.parametrize(
    ("form", "begins"), [("story", "DOUBLE "), ("mermaid", "sequenceDiagram\n"), ("svg", "<svg ")]
)
def test_the_command_tells_stories(trace, tmp_path, form, begins):
    """`ndiswan trace FILE --as FORM` prints one, and the name of a file says the form."""
    done = ndiswan("trace", trace, "--as", form)
    assert (done.returncode, done.stderr) == (FINE, "")
    assert done.stdout.startswith(begins)
    path = tmp_path / {"story": "a.story", "mermaid": "a.mmd", "svg": "a.svg"}[form]
    assert ndiswan("trace", trace, "-o", path).returncode == FINE
    assert path.read_text("utf-8").rstrip("\n") == done.stdout.rstrip("\n")


def test_the_command_tells_any_of_them_or_all(trace):
    """`--full` has every event; a `--number` that there is not is usage."""
    full = ndiswan("trace", trace, "--as", "story", "--full", "--number", 0)
    assert full.returncode == FINE
    assert "takes it out of the pool" in full.stdout
    assert len(full.stdout) > len(ndiswan("trace", trace, "--as", "story").stdout)
    wrong = ndiswan("trace", trace, "--as", "story", "--number", 7)
    assert wrong.returncode == USAGE
    assert "one of the 1 things that went wrong, got 7" in wrong.stderr


class Takes(nw.Miniport):
    """Its timer takes a packet out of the queue and completes it without the lock; a reset knows of the queue only."""

    serialized = False

    def initialize(self):
        self.lock, self.queue = self.adapter.spin_lock("queue"), []
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        with self.lock:
            taken = self.queue[:]
            self.queue.clear()
        for packet in taken:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def reset(self):
        self.timer.cancel()
        with self.lock:
            taken = self.queue[:]
            self.queue.clear()
        for packet in taken:
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)
        return nw.SUCCESS

    def halt(self):
        self.reset()


def reset_race(ndis):
    """A reset while the timer's function may run."""
    link = ndis.bind(nw.Protocol(), Takes(), name="card")
    link.send(b"frame")
    ndis.reset(link)
    ndis.run()


def test_a_story_of_a_packet_that_is_missing_says_who_has_it(tmp_path):
    """The timer's function on another CPU took it; without that the driver reads as one that forgot it."""
    found = nw.explore(reset_race, seed=1, executions=5000, seconds=60)
    (failure,) = found.failures
    assert failure.rule == "RESET"
    story = str(failure.story())
    assert "is still inside of MiniportTimer" in story
    assert "2 CPUs" in story
    assert "MiniportTimer" in story.partition("owner of")[2]
    path = failure.save(tmp_path / "race.json")
    short, full = (
        ndiswan("replay", path, "--target", f"{__file__}:reset_race", *more)
        for more in ([], ["--full"])
    )
    assert "other event" in short.stdout, short.stderr
    assert "other event" not in full.stdout
    assert len(full.stdout.splitlines()) > len(short.stdout.splitlines())
    refused = ndiswan("replay", path, "--full", "--as", "report")
    assert refused.returncode == USAGE
    assert "--full: expected a story, mermaid or svg beside it, got --as report" in refused.stderr


class Resets(nw.Miniport):
    """Its reset ends at once, later, or both."""

    serialized = False
    answer = nw.SUCCESS
    inside = False

    def reset(self):
        if self.inside:
            self.adapter.reset_complete(nw.SUCCESS)
        return self.answer


@pytest.mark.parametrize(
    ("answer", "inside", "told"),
    [
        (nw.SUCCESS, False, ["the reset ends: MiniportReset returned SUCCESS"]),
        (nw.PENDING, False, ["NdisMResetComplete(SUCCESS)"]),
        (
            nw.SUCCESS,
            True,
            ["NdisMResetComplete(SUCCESS)", "the reset ends: MiniportReset returned SUCCESS"],
        ),
    ],
)
def test_only_a_call_of_the_miniport_is_told_as_one(tmp_path, answer, inside, told):
    """A reset ends by NdisMResetComplete, or because MiniportReset returned, which is no arrow of the miniport's."""
    with nw.Ndis(record=True, on_violation="record", verify=4) as ndis:
        miniport = Resets()
        miniport.answer, miniport.inside = answer, inside
        link = ndis.bind(nw.Protocol(), miniport)
        with miniport.adapter.at(nw.Irql.DISPATCH):
            ndis.reset(link)
            if answer == nw.PENDING:
                miniport.adapter.reset_complete(nw.SUCCESS)
    ndis.save(tmp_path / "reset.jsonl")
    steps = json.loads(Trace(tmp_path / "reset.jsonl").story(full=True).to_json())["steps"]
    ends = [step for step in steps if step["text"].startswith(("NdisMReset", "the reset ends"))]
    assert [step["text"] for step in ends] == told
    for step in ends:
        assert step["from"] == ("miniport" if "NdisM" in step["text"] else "ndis")
