"""Good drivers, each of a different design: none of them may ever be found to break a rule."""

from drivers import card, deferred, framing, immediate, lines, queueing, threaded, timed
from drivers.wire import GOOD, Wire

__all__ = [
    "GOOD",
    "Wire",
    "card",
    "deferred",
    "framing",
    "immediate",
    "lines",
    "queueing",
    "threaded",
    "timed",
]
