"""What happened on links, as files: tshark reads the capture, Google's own messages read the Perfetto trace."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.unknown_fields import UnknownFieldSet
from perfetto.protos.perfetto.trace import perfetto_trace_pb2

from ndiswan import models
from ndiswan._native import read_frames, read_sizes
from ndiswan.models.export import form_of, save_trace
from test_capture import tshark

MS = 1_000_000


def busy() -> models.Simulation:
    """Two links: one with a queue, two classes and losses, and a pair of lines whose card copies and dies once."""
    flows = [
        models.Poisson(rate_pps=300, size=models.Mix([40, 576, 1500], [7, 4, 1])),
        models.Cbr(rate_pps=100, size=200, traffic_class=1),
    ]
    line = models.Line(1_544_000, propagation_ns=12 * MS, loss=models.GilbertElliott(0.01, 0.3))
    card = models.intelligent(4, program_ns=1000, dies=models.Death(at_ns=[500 * MS], reset_ns=MS))
    links = [
        models.Link(traffic=flows, line=line, window=4, card=models.moderated(4, 2 * MS), name="a"),
        models.Link(
            traffic=models.OnOff(
                rate_pps=50, size=9, on=models.Exponential(1e8), off=models.Pareto(1e8)
            ),
            line=models.Line(9_600, framing=models.Ppp()),
            card=card,
            queue=models.Queue(limit=3),
            count=2,
            name='b "é"',
        ),
    ]
    simulation = models.Simulation(links, seed=1, detail="trace")
    simulation.run(3)
    return simulation


def test_tshark_reads_the_capture(tmp_path: Path) -> None:
    """An interface a link; a packet sent is an outbound frame of its size and time that a dissector finds whole."""
    simulation, path = busy(), tmp_path / "t.pcapng"
    sent = simulation.results().columns["sent"]
    assert save_trace(simulation, path, snaplen=0) == sent.sum()
    frames = tshark(
        path, "frame.interface_name", "frame.len", "frame.cap_len", "frame.packet_flags_direction",
        "frame.comment", "frame.protocols", "_ws.malformed", "frame.time_epoch",
    )  # fmt: skip
    names = Counter(frame["frame.interface_name"] for frame in frames)
    assert names == dict(zip(("a", 'b "é"[0]', 'b "é"[1]'), sent.tolist(), strict=True))
    assert {int(frame["frame.packet_flags_direction"], 0) for frame in frames} == {2}
    of_a = [frame for frame in frames if frame["frame.interface_name"] == "a"]
    assert {frame["frame.protocols"] for frame in of_a} == {"ppp:lcp"}
    assert not any("_ws.malformed" in frame for frame in of_a)
    assert {int(frame["frame.len"]) for frame in of_a} == {40, 200, 576, 1500}
    records = simulation.results().packets
    mine = records["link"] == 0
    times = {f"0.{ns:09}" for ns in records["sent_ns"][mine].tolist() if ns < 1_000_000_000}
    assert times <= {frame["frame.time_epoch"] for frame in of_a}


def test_the_smallest_packets_are_whole_frames_as_well(tmp_path: Path) -> None:
    """What has no room for a Discard-Request is of PPP's Padding Protocol, and nothing is malformed."""
    traffic = models.Cbr(rate_pps=1000, size=list(range(1, 14)), packets=13)
    simulation = models.Simulation(
        models.Link(traffic=traffic, line=models.Line(10**9), window=64), detail="trace"
    )
    simulation.run()
    path = tmp_path / "t.pcapng"
    save_trace(simulation, path, snaplen=0)
    frames = tshark(path, "frame.len", "ppp.protocol", "_ws.malformed")
    assert not any("_ws.malformed" in frame for frame in frames)
    protocols = {int(frame["frame.len"]): int(frame["ppp.protocol"], 0) for frame in frames}
    assert protocols == {n: 0x0001 if n < 12 else 0xC021 for n in range(1, 14)}


def test_comments_say_who_had_the_packet_and_how_it_ended(tmp_path: Path) -> None:
    """A comment has the owners in order, the times and the status; lost and aborted packets say so."""
    simulation, path = busy(), tmp_path / "t.pcapng"
    save_trace(simulation, path)
    comments = [frame["frame.comment"] for frame in tshark(path, "frame.comment")]
    columns = simulation.results().columns
    assert sum("lost on the line" in text for text in comments) == columns["lost"].sum() > 0
    assert (
        sum("RESET_IN_PROGRESS" in t or "ABORTED" in t for t in comments)
        == columns["aborted"].sum()
    )
    done = [text for text in comments if "completed and handed back" in text]
    assert all(": protocol > NDIS > miniport > NDIS > protocol; " in text for text in done)
    assert len(comments) - len(done) == sum("not completed yet" in text for text in comments)


def test_frames_are_cut_and_their_length_is_kept(tmp_path: Path) -> None:
    """`snaplen` cuts what is recorded; how long the frame was stands beside it."""
    simulation, path = busy(), tmp_path / "t.pcapng"
    save_trace(simulation, path, snaplen=50)
    recorded = [len(data) for _, _, data in read_frames(path)]
    times, sizes = read_sizes(path)
    assert max(recorded) == 50
    assert max(memoryview(sizes).cast("Q")) == 1500
    assert list(memoryview(times).cast("Q")) == sorted(memoryview(times).cast("Q"))


def unknown_fields(message: Any) -> int:
    """How many fields of a message and of those in it its own definition does not know."""
    inner = [value for field, value in message.ListFields() if field.message_type is not None]
    parts = [part for value in inner for part in (value if hasattr(value, "add") else [value])]
    return len(UnknownFieldSet(message)) + sum(map(unknown_fields, parts))


def test_a_field_that_google_does_not_know_is_seen() -> None:
    """The count finds a field without a definition, in the message and in one that is in it."""
    inner = perfetto_trace_pb2.TracePacket(timestamp=5).SerializeToString() + b"\xf8\x3f\x07"
    trace = perfetto_trace_pb2.Trace()
    trace.ParseFromString(b"\x0a" + bytes([len(inner)]) + inner + b"\xf8\x3f\x01")
    assert unknown_fields(trace) == 2


def test_google_reads_the_perfetto_trace(tmp_path: Path) -> None:
    """Perfetto's own messages know every field; tracks come first, slices do not overlap, flows begin and end once."""
    simulation, path = busy(), tmp_path / "t.perfetto-trace"
    packets = save_trace(simulation, path)
    trace = perfetto_trace_pb2.Trace()
    trace.ParseFromString(path.read_bytes())
    assert unknown_fields(trace) == 0
    tracks, names, open_at, last, events = {}, Counter(), {}, {}, []
    for packet in trace.packet:
        assert packet.trusted_packet_sequence_id == 1
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            assert track.uuid not in tracks
            assert track.HasField("process") or track.parent_uuid in tracks
            tracks[track.uuid] = track
            names[track.process.process_name or track.name] += 1
        elif packet.HasField("track_event"):
            event, at = packet.track_event, packet.timestamp
            assert event.track_uuid in tracks
            assert at >= last.get(event.track_uuid, 0)
            last[event.track_uuid] = at
            if event.type == event.TYPE_SLICE_BEGIN:
                assert event.track_uuid not in open_at
                open_at[event.track_uuid] = at
            elif event.type == event.TYPE_SLICE_END:
                assert open_at.pop(event.track_uuid) <= at
            events.append((at, event))
    assert not open_at
    assert (names["a"], names["protocol"], names["line"], names["outstanding"]) == (1, 3, 3, 3)
    assert names["miniport"] == 4 + 4 + 4
    begun = Counter(f for _, e in events if e.name.startswith("offered") for f in e.flow_ids)
    ended = Counter(f for _, e in events for f in e.terminating_flow_ids)
    assert set(begun.values()) == set(ended.values()) == {1}
    assert len(begun) == packets
    columns = simulation.results().columns
    assert len(ended) == columns["succeeded"].sum() + columns["aborted"].sum()
    assert sum(e.name.startswith("dropped") for _, e in events) == columns["dropped"].sum() > 0


def test_chrome_reads_the_json(tmp_path: Path) -> None:
    """The document is JSON with events of the format: slices have a duration, flows begin before they end."""
    simulation, path = busy(), tmp_path / "t.json"
    packets = save_trace(simulation, path)
    document = json.loads(path.read_text("utf-8"))
    kinds = Counter(event["ph"] for event in document["traceEvents"])
    assert set(kinds) == {"M", "X", "s", "t", "f", "C"}
    assert kinds["s"] == packets
    begins = {event["id"]: event["ts"] for event in document["traceEvents"] if event["ph"] == "s"}
    for event in document["traceEvents"]:
        if event["ph"] == "X":
            assert event["dur"] >= 0
        if event["ph"] == "f":
            assert begins[event["id"]] <= event["ts"]
    processes = [
        e["args"]["name"] for e in document["traceEvents"] if e.get("name") == "process_name"
    ]
    assert processes == ["a", 'b "é"[0]', 'b "é"[1]']


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A name without a form, a simulation without a trace, and a folder that is not there are named."""
    with pytest.raises(
        ValueError, match=r"expected a name that ends in one of \.pcapng, .*'t\.gif'"
    ):
        form_of(tmp_path / "t.gif")
    link = models.Link(traffic=models.Saturating(size=9, packets=3), line=models.Line(64_000))
    with pytest.raises(ValueError, match='detail "trace"'):
        save_trace(models.Simulation(link), tmp_path / "t.json")
    with pytest.raises(OSError, match="nowhere"):
        save_trace(models.Simulation(link, detail="trace"), tmp_path / "nowhere" / "t.json")
