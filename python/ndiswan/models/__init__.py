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
from ndiswan.models.kept import DamagedFileWarning
from ndiswan.models.links import Link
from ndiswan.models.multilink import Multilink
from ndiswan.models.pace import Progress
from ndiswan.models.queues import CoDel, Discipline, Drr, Fifo, Priority, Queue
from ndiswan.models.replications import PrecisionWarning, simulate
from ndiswan.models.results import Results
from ndiswan.models.running import Simulation
from ndiswan.models.sizes import Cycle, ExponentialSize, Fixed, Mix, Size, UniformSize
from ndiswan.models.stages import Stage
from ndiswan.models.statistics import Interval
from ndiswan.models.sweeping import sweep
from ndiswan.models.swept import Sweep
from ndiswan.models.tables import Columns, Table
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
    "Columns",
    "Constant",
    "Cycle",
    "DamagedFileWarning",
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
    "Interval",
    "Line",
    "Link",
    "Loss",
    "Mix",
    "Mmpp",
    "Moderation",
    "Multilink",
    "NoFraming",
    "NoLoss",
    "Normal",
    "OnOff",
    "Overhead",
    "Pareto",
    "Poisson",
    "Ppp",
    "PrecisionWarning",
    "Priority",
    "Progress",
    "Queue",
    "Replay",
    "Results",
    "Saturating",
    "Simulation",
    "Size",
    "Stage",
    "Sweep",
    "Table",
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
    "sweep",
]
