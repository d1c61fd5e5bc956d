"""Curves of a sweep: from its table, as it is in a Parquet or CSV file, to what `charts` draws."""

import csv
import math
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ndiswan.models.charts import curve
from ndiswan.models.intervals import over_replications
from ndiswan.models.stages import Column

# A sweep's table begins with the point, then has its parameters, then the link.
POINT, LINK, REPLICATION, HALF_WIDTH = "point", "link", "replication", "_half_width"
# What is drawn if nobody says: columns of results.
DRAWN = ("goodput_bps", "utilisation", "latency_mean_ns", "latency_p99_ns", "dropped_share")
CONFIDENCE = 0.95
# Shares whose names do not say so.
SHARES = ("utilisation", "window_occupancy")


def read_table(path: str | PathLike[str]) -> dict[str, Column]:
    """The columns of a Parquet (extra ``arrow``) or CSV file.

    Raises ``OSError`` for a file that cannot be read, ``ValueError`` for one that is no table, ``ImportError`` without
    the extra.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        try:
            from pyarrow import parquet
        except ModuleNotFoundError as error:
            raise ImportError("Parquet files need pyarrow: pip install 'ndiswan[arrow]'") from error
        try:
            table = parquet.read_table(path)
        except ValueError as error:
            raise ValueError(f"{path}: expected a Parquet file: {error}") from error
        return {name: np.array(table[name].to_pylist()) for name in table.column_names}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head = rows.pop(0) if rows else []
    if not head or not rows or any(len(row) != len(head) for row in rows):
        raise ValueError(f"{path}: expected a line of names and below it rows with as many cells")
    return {
        name: _numbers(cells) for name, cells in zip(head, zip(*rows, strict=True), strict=True)
    }


def _numbers(cells: Sequence[str]) -> Column:
    for kind in (int, float):
        try:
            return np.array([kind(cell) for cell in cells])
        except (ValueError, OverflowError):
            continue
    return np.array(cells)


def curves(
    columns: Mapping[str, Column],
    *,
    x: str | None = None,
    ys: Sequence[str] = (),
    by: str | None = None,
) -> list[Any]:
    """Charts of a sweep, given its ``columns`` or those of its ``means``, one for each of ``ys``.

    ``x``: the parameter to the right; the first that is a number without it. What else differs, other parameters and
    links, makes lines of their own, or only ``by`` does. Means are over replications, areas are their 95 % confidence
    intervals (Student's t). Times are drawn in milliseconds, shares in percent. Raises ``ValueError`` for
    columns that are not there, and for those that are no numbers.
    """
    names = list(columns)
    if names[:1] != [POINT] or LINK not in names or names.index(LINK) < 2:
        raise ValueError(
            f"expected the table of a sweep (point, parameters, link), got {', '.join(names)[:80]}"
        )
    parameters = names[1 : names.index(LINK)]
    if x is None:
        x = next((name for name in parameters if columns[name].dtype.kind in "iuf"), parameters[0])
    ys = ys or [name for name in DRAWN if name in names]
    for name, known in (
        (x, parameters),
        *((y, names) for y in ys),
        *([] if by is None else [(by, names)]),
    ):
        if name not in known:
            raise ValueError(f"expected one of {', '.join(known)}, got {name!r}")
    for y in ys:
        if columns[y].dtype.kind not in "iufb":
            raise ValueError(f"{y}: expected a column of numbers, got {columns[y][0].item()!r}")
    means = columns if REPLICATION not in names else _means(columns, parameters)
    others = (
        [by]
        if by is not None
        else [n for n in [*parameters, LINK] if n != x and len(set(means[n].tolist())) > 1]
    )
    return [_curve(means, x, y, others) for y in ys]


def _means(columns: Mapping[str, Column], parameters: Sequence[str]) -> dict[str, Column]:
    """The table with a row for each point and link."""
    keys = list(zip(columns[POINT].tolist(), columns[LINK].tolist(), strict=True))
    numbers = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    group = np.array([numbers[key] for key in keys])
    replication = columns[REPLICATION].astype(np.int64)
    count = int(replication.max()) + 1
    measured = {name: column for name, column in columns.items() if name not in parameters}
    found = over_replications({**measured, REPLICATION: replication}, group, count, CONFIDENCE)
    first = np.unique(group, return_index=True)[1]
    return {name: columns[name][first] for name in [*parameters, LINK]} | found


def _curve(means: Mapping[str, Column], x: str, y: str, others: Sequence[str]) -> Any:
    factor, name = (1e-6, y.removesuffix("_ns") + ", ms") if y.endswith("_ns") else (1.0, y)
    unknown = np.full(len(means[y]), np.nan)
    widths = means.get(y + HALF_WIDTH, unknown).astype(np.float64) * factor
    label = None if not others else " / ".join(others)
    points = []
    for n, value in enumerate((means[y].astype(np.float64) * factor).tolist()):
        if not math.isfinite(value):
            continue
        point = {x: means[x][n].item(), name: value}
        width = float(widths[n])
        known = math.isfinite(width)
        point |= {"low": value - width if known else None, "high": value + width if known else None}
        if label is not None:
            point[label] = " / ".join(str(means[other][n]) for other in others)
        points.append(point)
    return curve(x, name, points, by=label, form=_form(y))


def _form(y: str) -> str | None:
    """How the numbers of a column are written: as people say them, with no prefix of the SI before a bare number."""
    if y in SHARES or y.endswith("_share"):
        return "~%"
    return "~s" if y.endswith("_bps") else None
