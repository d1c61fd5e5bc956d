"""Tidy tables: NumPy columns of equal length, for whatever reads tables. Each package is imported when it is used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from ndiswan.notebook import parts
from ndiswan.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from ndiswan.models.stages import Column

SHOWN = 20
"""So many rows are shown of a table at most."""


class Table(Shown, ABC):
    """Rows and named columns, for NumPy, pandas, Polars, Arrow, Parquet, and everything that takes an Arrow stream.

    Each of these packages is an extra (``pip install 'ndiswan[pandas]'``, ``polars``, ``arrow``); ``ImportError`` says
    which is missing. Columns of objects that are no numbers become text on the way.

    >>> results = models.simulate(
    ...     models.Link(
    ...         traffic=models.Cbr(rate_pps=100, size=500), line=models.Line(rate_bps=512_000)
    ...     ),
    ...     until=10,
    ... )
    >>> isinstance(results, models.Table), len(results)
    (True, 1)
    """

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, Column]:
        """NumPy arrays by name, all with a value for each row."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``."""
        return _package("pandas", "pandas").DataFrame(self._plain())

    def to_polars(self) -> pl.DataFrame:
        """The table as a ``polars.DataFrame``."""
        frame: pl.DataFrame = _package("polars", "polars").DataFrame(self._plain())
        return frame

    def to_arrow(self) -> Any:
        """The table as a ``pyarrow.Table``."""
        pyarrow = _package("pyarrow", "arrow")
        return pyarrow.table(
            {
                name: column.tolist() if column.dtype.kind == "U" else column
                for name, column in self._plain().items()
            }
        )

    def to_parquet(self, path: str | Path) -> None:
        """Write the table to a Parquet file."""
        table = self.to_arrow()
        import_module("pyarrow.parquet").write_table(table, str(path))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The table as a stream of the Arrow C interface, for DuckDB, Polars and others; numbers are not copied."""
        arrow = _package("nanoarrow", "arrow")
        children = {name: _child(arrow, column) for name, column in self._plain().items()}
        schema = arrow.struct({name: child.schema for name, child in children.items()})
        array = arrow.c_array_from_buffers(
            schema, len(self), [None], children=list(children.values()), null_count=0
        )
        return arrow.c_array_stream(array).__arrow_c_stream__()

    def _repr_html_(self) -> str:
        return html(self.columns)

    def _plain(self) -> dict[str, Column]:
        return {
            name: column if column.dtype.kind in "iufbU" else np.array([str(v) for v in column])
            for name, column in self.columns.items()
        }


class Columns(Table):
    """A table that is nothing but its columns.

    >>> results = models.simulate(
    ...     models.Link(
    ...         traffic=models.Cbr(rate_pps=100, size=500), line=models.Line(rate_bps=512_000)
    ...     ),
    ...     until=10,
    ... )
    >>> sorted(results.columns)[:2]
    ['aborted', 'broken']
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns

    @property
    def columns(self) -> Mapping[str, Column]:
        """NumPy arrays by name."""
        return self._columns

    def __str__(self) -> str:
        return text(self.columns)


def _package(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this needs the package {name}, which cannot be imported ({error}): pip install 'ndiswan[{extra}]'"
        ) from error


def _child(arrow: Any, column: Column) -> Any:
    if column.dtype.kind in "iuf":
        return arrow.c_array(np.ascontiguousarray(column))
    kind = arrow.bool_() if column.dtype.kind == "b" else arrow.string()
    return arrow.c_array(column.tolist(), kind)


def cell(value: object) -> str:
    """A value as tables show it."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, (int, np.integer)) else str(value)


def _shown(columns: Mapping[str, Column]) -> tuple[list[list[str]], str]:
    rows = len(next(iter(columns.values()), ()))
    shown = [[cell(column[n]) for column in columns.values()] for n in range(min(rows, SHOWN))]
    return shown, f"… and {rows - SHOWN:,} more rows" if rows > SHOWN else ""


def text(columns: Mapping[str, Column]) -> str:
    """The first rows as text, for a terminal."""
    rows, more = _shown(columns)
    return "\n".join([*aligned([list(columns), *rows], left=0), *([more] if more else [])])


def aligned(rows: list[list[str]], left: int) -> list[str]:
    """Rows as lines, the first ``left`` cells of each to the left and the others to the right."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(
            word.ljust(width) if n < left else word.rjust(width)
            for n, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def html(columns: Mapping[str, Column]) -> str:
    """The first rows as an HTML table; whatever the cells say is text and not markup."""
    rows, more = _shown(columns)
    return html_table(list(columns), rows, more)


def html_table(head: list[str], rows: list[list[str]], below: str = "") -> str:
    """A table with a line below it."""
    shown = parts.table(head, rows, numbers=range(1, len(head)))
    return parts.page(shown, parts.line(below) if below else "")
