"""What stands by itself in the extension module: the ring, frames, traces, edges.

Nobody has to import it. It is here for its stub: that of `_native` is too long for one file, and stubtest compares a
stub only with a module of the same name.
"""

from ndiswan._native import (
    CaptureWriter,
    CardDriver,
    CompletionRing,
    Edges,
    Feed,
    HdlcDecoder,
    Simulation,
    Story,
    Trace,
    edge_names,
    fcs16,
    hdlc_encode,
    read_frames,
    read_sizes,
)

__all__ = [
    "CaptureWriter",
    "CardDriver",
    "CompletionRing",
    "Edges",
    "Feed",
    "HdlcDecoder",
    "Simulation",
    "Story",
    "Trace",
    "edge_names",
    "fcs16",
    "hdlc_encode",
    "read_frames",
    "read_sizes",
]
