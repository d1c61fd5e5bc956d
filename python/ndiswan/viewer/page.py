"""The page: one HTML file with its style, its script and the runs, which asks for nothing from elsewhere."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from ndiswan import __version__
from ndiswan.viewer.run import COLUMNS, OWNERS, ViewError, first_difference
from ndiswan.viewer.traces import rules_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ndiswan.viewer.run import Run

# In this order they are one script, in one function's scope.
SCRIPTS = (
    "run",
    "bars",
    "filter",
    "axis",
    "lanes",
    "dense",
    "draw",
    "hint",
    "table",
    "story",
    "keys",
    "main",
)


def to_html(runs: Sequence[Run]) -> str:
    """The page of one run, or of two beside each other.

    Raises ViewError for another number of runs.

    >>> with nw.Ndis(record=True) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    >>> ndis.save("run.trace")
    >>> from ndiswan.viewer import read, to_html
    >>> to_html(read("run.trace")).startswith("<!doctype html>")
    True
    """
    if len(runs) not in (1, 2):
        raise ViewError(f"expected one run or two, got {len(runs)}")
    folder = files("ndiswan.viewer")
    script = "\n".join((folder / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    page = Template((folder / "page.html").read_text("utf-8"))
    return page.substitute(
        title=escape(" and ".join(run.name for run in runs)),
        style=(folder / "style.css").read_text("utf-8"),
        script=f"(() => {{\n'use strict';\n{script}\n}})();",
        data="\n".join(_data(number, run) for number, run in enumerate(runs)),
        about=_json(
            {
                "runs": [_about(run) for run in runs],
                "owners": OWNERS,
                "rules": rules_of(runs),
                "difference": first_difference(*runs) if len(runs) == 2 else None,
                "version": __version__,
            }
        ),
        version=escape(__version__),
    )


def _json(document: Any) -> str:
    """JSON that can stand in a script element: it contains no tag, whatever a driver is called."""
    return json.dumps(document, separators=(",", ":")).replace("<", "\\u003c")


def _about(run: Run) -> dict[str, Any]:
    columns = {name: run.columns[name].dtype.name for name in COLUMNS}
    return {
        "name": run.name,
        "clock": run.clock,
        "length": len(run),
        "columns": columns,
        "packets": len(run.slots) - run.line_slots,
        "separator": run.separator,
        "texts": [(text.kind, text.lane, text.words) for text in run.texts],
        "lockNames": run.locks,
        **{name: getattr(run, name) for name in ("adapters", "links", "entries", "sites")},
        "breaks": [asdict(broken) for broken in run.breaks],
        "choice": run.choice and asdict(run.choice),
        "story": run.story,
    }


def _data(number: int, run: Run) -> str:
    """The columns as elements of base64, each deflated: little-endian numbers, one an event."""
    parts = {name: run.columns[name] for name in COLUMNS}
    parts["slots"] = run.slots.astype(np.uint32).ravel()
    return "\n".join(
        f'<script type="text/plain" id="run{number}-{name}">{_packed(values)}</script>'
        for name, values in parts.items()
    )


def _packed(values: NDArray[Any]) -> str:
    """The bytes of a column, deflated; of a column of times, what is added each time repeats and packs well."""
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return base64.b64encode(zlib.compress(little.tobytes(), 6)).decode("ascii")
