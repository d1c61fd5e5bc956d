"""Every rule of the contract, with a driver of a few lines that breaks it and a twin that keeps it.

``CATALOGUE["DOUBLE"].breaks`` and ``.keeps`` are cases: a driver class, how it is driven, and where
the broken rule is found. A line marked ``# breaks RULE`` is the call that raises; a driver without
such a line does nothing wrong at any one call, and NDIS finds it out later.
"""

from catalogue import (
    access,
    flow,
    irql,
    life_cycle,
    lock,
    ownership,
    progress,
    status_code,
    twins,
)
from catalogue.case import CATALOGUE, Bench, Case, Entry

__all__ = [
    "CATALOGUE",
    "Bench",
    "Case",
    "Entry",
    "access",
    "flow",
    "irql",
    "life_cycle",
    "lock",
    "ownership",
    "progress",
    "status_code",
    "twins",
]
