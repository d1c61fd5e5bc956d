"""Built-in links, cards and traffic: simulation without a driver of one's own, under the same contract.

A `Link` says what there is, `simulate` runs it. Times in nanoseconds end in ``_ns``, rates in bits or packets a second
in ``_bps`` and ``_pps``, sizes are in bytes; ``until`` and ``warmup`` are in seconds.
"""

from ndiswan.models.cards import (
    Card,
    Death,
    Moderation,
    batching,
    descriptor_ring,
    dying,
    inline,
    intelligent,
    moderated,
    reordering,
    simple,
)
from ndiswan.models.drivers import CardMiniport, TrafficProtocol
from ndiswan.models.durations import Constant, Duration, Exponential, Normal, Pareto, Uniform
from ndiswan.models.flows import Cbr, ClosedLoop, Flow, Mmpp, OnOff, Poisson, Replay, Saturating
from ndiswan.models.links import Link
from ndiswan.models.queues import CoDel, Discipline, Drr, Fifo, Priority, Queue
from ndiswan.models.results import Results, Stage
from ndiswan.models.running import Simulation, simulate
from ndiswan.models.sizes import Cycle, ExponentialSize, Fixed, Mix, Size, UniformSize
from ndiswan.models.wires import (
    BitErrors,
    Framing,
    GilbertElliott,
    Line,
    Loss,
    NoFraming,
    NoLoss,
    Overhead,
    Ppp,
)

__all__ = [
    "BitErrors",
    "Card",
    "CardMiniport",
    "Cbr",
    "ClosedLoop",
    "CoDel",
    "Constant",
    "Cycle",
    "Death",
    "Discipline",
    "Drr",
    "Duration",
    "Exponential",
    "ExponentialSize",
    "Fifo",
    "Fixed",
    "Flow",
    "Framing",
    "GilbertElliott",
    "Line",
    "Link",
    "Loss",
    "Mix",
    "Mmpp",
    "Moderation",
    "NoFraming",
    "NoLoss",
    "Normal",
    "OnOff",
    "Overhead",
    "Pareto",
    "Poisson",
    "Ppp",
    "Priority",
    "Queue",
    "Replay",
    "Results",
    "Saturating",
    "Simulation",
    "Size",
    "Stage",
    "TrafficProtocol",
    "Uniform",
    "UniformSize",
    "batching",
    "descriptor_ring",
    "dying",
    "inline",
    "intelligent",
    "moderated",
    "reordering",
    "simple",
    "simulate",
]
