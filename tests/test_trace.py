"""Recorded traces: saved by an Ndis, checked, and turned into text, JSON lines and pcapng."""

import json
import shutil
import subprocess
import sys

import pytest

import ndiswan as nw
from commands import FINE, NOTHING_RAN, USAGE, VIOLATIONS, ndiswan
from ndiswan import condis, lan, ndis6
from ndiswan._native import Trace, read_frames

FRAME = b"\xff\x03\xc0\x21\x01\x01\x00\x04"


class Twice(nw.Miniport):
    """Completes each frame once, and every third twice."""

    serialized = False

    def initialize(self):
        self.timer = self.adapter.timer(self.done)

    def wan_send(self, link, packet):
        self.packet = packet
        self.timer.set(0.001)
        return nw.PENDING

    def done(self):
        self.adapter.wan_send_complete(self.packet, nw.SUCCESS)
        if self.again:
            self.adapter.wan_send_complete(self.packet, nw.SUCCESS)


def record(path, *, broken=False, frames=3):
    """Save the trace of a run, with DOUBLE broken at each frame if asked for."""
    with nw.Ndis(record=True, on_violation="record") as ndis:
        miniport = Twice()
        miniport.again = broken
        link = ndis.bind(nw.Protocol(), miniport, name="card")
        for _ in range(frames):
            link.send(FRAME)
            ndis.run()
    ndis.save(path)
    return path


@pytest.fixture
def trace(tmp_path):
    """The trace of a run without violations."""
    return record(tmp_path / "good.jsonl")


def test_save_needs_a_recording(tmp_path):
    """An Ndis that does not record says how to make one that does."""
    with nw.Ndis() as ndis, pytest.raises(RuntimeError, match="record=True"):
        ndis.save(tmp_path / "trace.jsonl")


def test_save_says_why_a_file_cannot_be_written(tmp_path):
    """The error names the file."""
    with nw.Ndis(record=True) as ndis, pytest.raises(OSError, match="no/such"):
        ndis.save(tmp_path / "no/such/folder")


def test_a_trace_is_one_json_document_a_line(trace):
    """The head says what it is; each further line is an event."""
    head, *events = map(json.loads, trace.read_text().splitlines())
    assert (head["format"], head["version"]) == ("ndiswan-trace", 1)
    assert [event["what"] for event in events].count("submit") == 3
    assert bytes.fromhex(next(e["data"] for e in events if e["what"] == "submit")) == FRAME
    assert len(Trace(trace)) == len(events)
    assert Trace(trace).adapters == ["card"]


def test_a_good_run_checks_clean(trace):
    """The contract folded over the recording of a good driver finds nothing."""
    assert Trace(trace).check() == []


def test_a_bad_run_is_found_again(tmp_path):
    """What the engine found then, the check of the trace finds now, with the packet's history."""
    found = Trace(record(tmp_path / "bad.jsonl", broken=True)).check()
    assert [(one["rule"], one["recorded"]) for one in found] == [("DOUBLE", True)] * 3
    assert found[0]["adapter"] == "card"
    assert "NdisMWanSendComplete" in str(found[0]["history"][-1])
    assert found[0]["report"].startswith("DOUBLE: packet 0.0 (life 1)")


def test_json_lines_survive_the_round_trip(trace, tmp_path):
    """What is read and written again is the same file."""
    assert Trace(trace).to_jsonl() == trace.read_text()
    copy = tmp_path / "copy.jsonl"
    assert ndiswan("trace", trace, "-o", copy).returncode == FINE
    assert copy.read_text() == trace.read_text()


def test_text_has_a_line_an_event(trace):
    """`ndiswan trace FILE` prints the events below a line of headings."""
    done = ndiswan("trace", trace)
    assert done.returncode == FINE
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + len(Trace(trace))
    assert sum("MiniportWanSend(packet" in line and "bytes" in line for line in lines) == 3


def tshark(path, *fields):
    """What tshark reads out of a capture."""
    program = shutil.which("tshark")
    assert program, "tshark is not installed: apt-get install tshark"
    wanted = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        [program, "-r", str(path), "-T", "fields", *wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_tshark_reads_the_capture(tmp_path):
    """Each frame is there, with its protocol, its interface, its moment, and a comment on its packet's way."""
    path = tmp_path / "frames.pcapng"
    done = ndiswan("trace", record(tmp_path / "bad.jsonl", broken=True), "-o", path)
    assert (done.returncode, done.stderr) == (FINE, f"{path}: 3 frames\n")
    rows = tshark(path, "frame.interface_name", "frame.len", "ppp.protocol", "frame.comment")
    assert [row[:3] for row in rows] == [["card link 0", str(len(FRAME)), "0xc021"]] * 3
    assert all("packet 0.0" in row[3] and "breaks DOUBLE" in row[3] for row in rows)


def test_a_capture_can_be_piped(trace, tmp_path):
    """Without a file the capture goes to stdout, octet for octet."""
    path = tmp_path / "frames.pcapng"
    assert Trace(trace).to_pcapng(path) == 3
    piped = subprocess.run(
        [sys.executable, "-m", "ndiswan", "trace", str(trace), "--to", "pcapng"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert piped.stdout == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("hello\n", "not a trace"),
        ('{"format":"ndiswan-trace","version":99}\n', "version 99"),
        ('{"format":"ndiswan-trace","version":1}\n{"what":"nonsense"}\n', "line 2"),
    ],
)
def test_a_file_that_is_no_trace_is_usage(tmp_path, text, says):
    """Both commands that read a trace say the file, the line, what was expected and what came."""
    path = tmp_path / "broken.jsonl"
    path.write_text(text)
    for command in (["trace", path], ["check", path]):
        done = ndiswan(*command)
        assert done.returncode == USAGE
        assert str(path) in done.stderr
        assert says in done.stderr
        assert "Traceback" not in done.stderr


def test_a_missing_or_unwritable_file_is_usage(trace, tmp_path):
    """The error names the file."""
    done = ndiswan("trace", tmp_path / "none.jsonl")
    assert done.returncode == USAGE
    assert "none.jsonl" in done.stderr
    for form in ("text", "jsonl", "pcapng"):
        done = ndiswan("trace", trace, "--to", form, "-o", tmp_path / "no" / "such")
        assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False)


def test_a_name_that_says_no_known_form_is_usage(trace, tmp_path):
    """Text is never written into a file that is named like something else."""
    done = ndiswan("trace", trace, "-o", tmp_path / "run.pcap")
    assert done.returncode == USAGE
    assert ".pcapng" in done.stderr
    assert not (tmp_path / "run.pcap").exists()


def test_check_takes_a_trace(trace, tmp_path):
    """`ndiswan check TRACE`: 0 for a good run, 1 for a bad one, 5 for one in which nothing happened."""
    assert ndiswan("check", trace).returncode == FINE
    done = ndiswan("check", record(tmp_path / "bad.jsonl", broken=True), "--json")
    assert done.returncode == VIOLATIONS
    result = json.loads(done.stdout)
    states = {rule["rule"]: rule["state"] for rule in result["drivers"][0]["rules"]}
    assert states["DOUBLE"] == "broken"
    assert (states["FOREIGN"], states["LOCK_ORDER"]) == ("kept", "not reached")
    assert result["drivers"][0]["modes"][0]["findings"][0]["count"] == 3
    with nw.Ndis(record=True) as empty:
        pass
    empty.save(tmp_path / "empty.jsonl")
    assert ndiswan("check", tmp_path / "empty.jsonl").returncode == NOTHING_RAN


def test_a_halt_before_its_adapter_is_known_is_one_finding(tmp_path):
    """A recording out of order, by a tool that writes one for example, is told and not looked at for ever."""
    record(tmp_path / "good.jsonl")
    head = (tmp_path / "good.jsonl").read_text().splitlines()[0]
    event = {"time": 0, "cpu": 0, "irql": 0, "locks": 0, "adapter": 0, "site": 0}
    events = [
        {**event, "what": "halted"},
        {**event, "what": "register", "serialized": False, "reentrant": False},
    ]
    text = "\n".join([head, *map(json.dumps, events)])
    (tmp_path / "odd.jsonl").write_text(text + "\n")
    assert [found["rule"] for found in Trace(tmp_path / "odd.jsonl").check()] == ["HANDLE"]


@pytest.mark.parametrize(("module", "link_type"), [(nw, 9), (lan, 1), (ndis6, 1), (condis, 9)])
def test_frames_of_a_lan_are_ethernet_in_a_capture(module, link_type, tmp_path):
    """What a LAN or NDIS 6 miniport sends is Ethernet; of WAN and CoNDIS it is PPP."""
    sends = {"wan_send": lambda *_: nw.SUCCESS} if module is nw else {}
    if module is lan:
        sends = {"send": lambda *_: nw.SUCCESS, "serialized": True}
    elif module is condis:
        sends = {
            "co_send_packets": lambda card, vc, packets: (
                [card.adapter.co_send_complete(nw.SUCCESS, vc, packet) for packet in packets][:0]
                or None
            )
        }
    elif module is ndis6:
        sends = {
            "send_net_buffer_lists": lambda card, nbls, _: (
                card.adapter.send_net_buffer_lists_complete(nbls, 0)
            )
        }
    card = type("Card", (module.Miniport,), sends)()
    with nw.Ndis(record=True) as ndis:
        ndis.bind(module.Protocol(), card).send(bytes.fromhex("ffffffffffff0200000000010806"))
    ndis.save(tmp_path / "run.jsonl")
    Trace(tmp_path / "run.jsonl").to_pcapng(tmp_path / "run.pcapng")
    assert [kind for _, kind, _ in read_frames(tmp_path / "run.pcapng")] == [link_type]
