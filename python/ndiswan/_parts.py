"""What stands by itself in the extension module: the ring, batches, frames, traces, edges.

Nobody has to import it. It is here for its stub: that of `_native` is too long for one file, and stubtest compares a
stub only with a module of the same name.
"""

from ndiswan._native import (
    Batch,
    CaptureWriter,
    CardDriver,
    CDriver,
    CompletionRing,
    CWorkload,
    CWorlds,
    Edges,
    Explorer,
    Feed,
    HdlcDecoder,
    Simulation,
    Story,
    Stretch,
    Trace,
    bind_built_in,
    bind_c,
    edge_names,
    fcs16,
    hdlc_encode,
    read_frames,
    read_sizes,
    shrink,
    supervise,
)

__all__ = [
    "Batch",
    "CDriver",
    "CWorkload",
    "CWorlds",
    "CaptureWriter",
    "CardDriver",
    "CompletionRing",
    "Edges",
    "Explorer",
    "Feed",
    "HdlcDecoder",
    "Simulation",
    "Story",
    "Stretch",
    "Trace",
    "bind_built_in",
    "bind_c",
    "edge_names",
    "fcs16",
    "hdlc_encode",
    "read_frames",
    "read_sizes",
    "shrink",
    "supervise",
]
