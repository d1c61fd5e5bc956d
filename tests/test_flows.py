"""Traffic from a capture."""

from pathlib import Path

import numpy as np
import pytest

from ndiswan import models
from ndiswan._native import CaptureWriter, read_frames
from repository import ROOT

DIAL_UP = ROOT / "examples" / "dial-up.pcapng"
PPP = 9


def capture(path: Path, *frames: tuple[int, int]) -> Path:
    """A capture of frames with these times and sizes."""
    with CaptureWriter(path) as writer:
        for time_ns, size in frames:
            writer.frame("wan", PPP, time_ns, bytes(size))
    return path


def test_a_capture_is_replayed_at_its_own_times() -> None:
    """Each frame of a capture is offered when it came, from the first frame on, with its size."""
    frames = read_frames(DIAL_UP)
    flow = models.Replay.from_capture(DIAL_UP)
    simulation = models.Simulation(
        models.Link(traffic=flow, line=models.Line(10**9), window=64), detail="packets"
    )
    assert simulation.run()
    packets = simulation.results().packets
    first = frames[0][0]
    assert packets["offered_ns"].tolist() == [time_ns - first for time_ns, _, _ in frames]
    assert packets["bytes"].tolist() == [len(data) for _, _, data in frames]


def test_gaps_can_be_longer_or_shorter() -> None:
    """`gaps` scales the times and leaves the sizes; 0 sends everything at once."""
    own, twice, none = (models.Replay.from_capture(DIAL_UP, gaps=g) for g in (1, 2, 0))
    assert np.array_equal(twice.times_ns, own.times_ns * 2)
    assert not none.times_ns.any()
    assert own.size.to_dict() == twice.size.to_dict() == none.size.to_dict()


def test_what_is_out_of_order_is_put_in_order(tmp_path: Path) -> None:
    """Frames are replayed in the order of their times, and those of one time in the order of the file."""
    flow = models.Replay.from_capture(
        capture(tmp_path / "a.pcapng", (10, 5), (3, 6), (10, 7), (3, 8)), start_ns=4, packets=3
    )
    assert flow.times_ns.tolist() == [0, 0, 7, 7]
    assert flow.size.bytes.tolist() == [6, 8, 5, 7]
    assert (flow.start_ns, flow.packets) == (4, 3)


def test_a_capture_without_frames_or_with_an_empty_one_is_refused(tmp_path: Path) -> None:
    """What cannot be sent is named with the file, and a frame with its number."""
    with pytest.raises(ValueError, match=r"none\.pcapng: expected a capture with frames, got none"):
        models.Replay.from_capture(capture(tmp_path / "none.pcapng"))
    with pytest.raises(ValueError, match="got an empty one, number 2"):
        models.Replay.from_capture(capture(tmp_path / "e.pcapng", (1, 1), (2, 0)))
    with pytest.raises(OSError, match=r"missing\.pcapng"):
        models.Replay.from_capture(tmp_path / "missing.pcapng")
    with pytest.raises(ValueError, match="gaps: expected a finite number of 0 or more"):
        models.Replay.from_capture(DIAL_UP, gaps=-1)
