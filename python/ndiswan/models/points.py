"""The points of a sweep: a grid, or a list; and their parameters as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndiswan.models.stages import Column

# What a sweep's tables have besides parameters and what is measured; and what half of an interval is called.
OTHER_COLUMNS, HALF_WIDTH = ("point", "replications"), "_half_width"


def points_of(points: Any) -> list[dict[str, Any]]:
    """Every combination of the lists of a grid, the last parameter fastest; or the points of a list, as they are.

    Raises ``ValueError`` if there is none, or two have other parameters; ``TypeError`` if it is neither.
    """
    named = points.keys() if isinstance(points, Mapping) else ()
    listed = isinstance(points, Iterable) and not isinstance(points, (str, bytes))
    if not listed or not all(isinstance(name, str) for name in named):
        raise TypeError(f"points: expected lists by name, or a list of points, got {points!r:.60}")
    if isinstance(points, Mapping):
        values = [_values(name, value) for name, value in points.items()]
        found = [dict(zip(points, row, strict=True)) for row in product(*values)]
    else:
        found = []
        for n, point in enumerate(points):
            if not isinstance(point, Mapping) or not all(isinstance(name, str) for name in point):
                raise TypeError(f"points[{n}]: expected values by name, got {point!r:.60}")
            found.append(dict(point))
    if not found or not found[0]:
        raise ValueError(
            f"points: expected at least one point with a parameter, got {points!r:.80}"
        )
    for n, point in enumerate(found):
        if point.keys() != found[0].keys():
            wanted, got = ", ".join(found[0]), ", ".join(point)
            raise ValueError(
                f"points[{n}]: expected the parameters of the first ({wanted}), got {got}"
            )
    return found


def expect_own_names(point: Mapping[str, Any], measured: Iterable[str]) -> None:
    """Raises ``ValueError`` for a parameter that is called like a column of what is measured, or of its means."""
    taken = {*OTHER_COLUMNS, *measured}
    for name in point:
        if name in taken or name.removesuffix(HALF_WIDTH) in taken:
            raise ValueError(
                f"points: expected a parameter's name that is no column's, got {name!r}"
            )


def _values(name: str, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"points[{name!r}]: expected a list of values, got {values!r:.60}")
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def column_of(values: Sequence[Any]) -> Column:
    """Values as a column: numbers, booleans or text if all of them are, else objects."""
    for kinds, dtype in (
        (bool, np.bool_),
        (int, np.int64),
        ((int, float), np.float64),
        (str, np.str_),
    ):
        plain = [value.item() if isinstance(value, np.generic) else value for value in values]
        whole = all(isinstance(value, kinds) for value in plain)
        if whole and (dtype is np.bool_ or not any(isinstance(value, bool) for value in plain)):
            try:
                return np.array(plain, dtype)
            except OverflowError:
                continue
    column = np.empty(len(values), object)
    column[:] = list(values)
    return column


def described(point: Mapping[str, Any]) -> str:
    """A point as messages name it."""
    return ", ".join(f"{name}={value!r:.60}" for name, value in point.items())
