"""The bugs, by what becomes of a packet; importing this enters them all."""

from ndiswan.zoo.bugs import (
    counts,
    doubled,
    ended,
    foreign,
    insists,
    levels,
    locked,
    lost,
    missed,
    resets,
    slow,
    stale,
    stalled,
    statuses,
    touched,
    twins,
)
from ndiswan.zoo.catalogue import ENTRIES, Entry

__all__ = [
    "ENTRIES",
    "Entry",
    "counts",
    "doubled",
    "ended",
    "foreign",
    "insists",
    "levels",
    "locked",
    "lost",
    "missed",
    "resets",
    "slow",
    "stale",
    "stalled",
    "statuses",
    "touched",
    "twins",
]
