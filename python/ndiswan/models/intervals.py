"""Means over replications with their confidence intervals, of every column of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndiswan.models.statistics import half_width

if TYPE_CHECKING:
    from ndiswan.models.stages import Column

# What says which row it is, and is no measurement.
KEYS = ("point", "link", "replication")


def over_replications(
    columns: dict[str, Column], group: Column, replications: int, confidence: float
) -> dict[str, Column]:
    """For each group of rows and each column that measures: ``NAME`` and ``NAME_half_width``.

    ``group``: for each row a number from 0 on, the same in each replication. The links of a group are averaged within
    a replication first; the interval is Student's over the ``replications``. Half-widths of one replication are NaN.
    """
    groups = int(group.max()) + 1 if len(group) else 0
    place = group * replications + columns["replication"] % replications
    rows = np.bincount(place, minlength=groups * replications)
    found: dict[str, Column] = {}
    for name, column in columns.items():
        if name in KEYS or column.dtype.kind not in "iuf":
            continue
        sums = np.bincount(place, column.astype(np.float64), groups * replications)
        means = (sums / rows).reshape(groups, replications)
        found[name] = means.mean(axis=1)
        deviation = means.std(axis=1, ddof=1) if replications > 1 else np.full(groups, np.nan)
        found[f"{name}_half_width"] = half_width(deviation, replications, confidence)
    return found
