"""The report as one HTML page: no script, nothing from elsewhere, readable on light and dark ground."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from ndiswan import __version__
from ndiswan._native import edge_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan.coverage.report import Report, Row, Share

# Every place, in the order of the columns.
PLACES = [
    ("passive", 0),
    *(("dispatch", locks) for locks in range(3)),
    *(("dirql", locks) for locks in range(3)),
]


def to_html(report: Report) -> str:
    """The whole page.

    >>> from ndiswan.coverage import Edges, Report, to_html
    >>> to_html(Report.of(Edges())).startswith("<!doctype html>")
    True
    """
    template = Template((files("ndiswan.coverage") / "page.html").read_text("utf-8"))
    states, events = edge_names()
    rows: dict[tuple[str, str], dict[tuple[str, int], Row]] = {}
    for row in report.rows:
        rows.setdefault((row.state, row.event), {})[row.irql, row.locks] = row
    parts: list[str] = []
    for state, title in states.items():
        steps = {event: rows[state, event] for event in events if (state, event) in rows}
        if steps:
            parts += _state(title, {events[event]: places for event, places in steps.items()})
    return template.substitute(
        edges=_share("edges", report.edges),
        steps=_share("state and event, whatever the place", report.steps),
        counts=f"{report.events:,} events, {report.pairs:,} pairs of consecutive edges of one packet",
        sources=escape(", ".join(report.sources) or "no file"),
        states="\n".join(parts),
        never=_list("Never reached", report.never, opened=False),
        broken=_list("Reached, and no good driver does", report.broken, opened=True),
        unforeseen=_list("Not in the list of edges", report.unforeseen, opened=True),
        version=escape(__version__),
    )


def _share(what: str, share: Share) -> str:
    return (
        f'<div class="share"><b>{share.percent:.1f} %</b> of {what}: {share.reached} of {share.total}'
        f'<div class="bar"><i style="width:{share.percent:.2f}%"></i></div></div>'
    )


def _state(title: str, steps: dict[str, dict[tuple[str, int], Row]]) -> Iterator[str]:
    rows = [row for places in steps.values() for row in places.values()]
    kept = [row for row in rows if row.kept and row.listed]
    reached = sum(row.count > 0 for row in kept)
    yield f"<h2>{escape(title)} <small>{reached} of {len(kept)}</small></h2>"
    yield '<table><tr><th rowspan="2">event</th><th>PASSIVE</th>'
    yield '<th colspan="3">DISPATCH</th><th colspan="3">DIRQL</th></tr>'
    heads = "".join(f"<th>{'2+' if locks == 2 else locks}</th>" for _, locks in PLACES)
    yield f"<tr>{heads}</tr>"
    for name, places in steps.items():
        cells = "".join(_cell(places.get(place)) for place in PLACES)
        yield f"<tr><td>{escape(name)}</td>{cells}</tr>"
    yield "</table>"


def _cell(row: Row | None) -> str:
    """A count; `·` for what was never reached, nothing for what cannot be."""
    if row is None:
        return '<td class="none"></td>'
    name = row.name
    if row.rules:
        name += f" can break {', '.join(row.rules)}"
    good, bad = ("hit", "bad") if row.count else ("miss", "wrong")
    kind = good if row.kept and row.listed else bad
    text = f"{row.count:,}" if row.count else "·"
    return f'<td class="{kind}" title="{escape(name)}">{text}</td>'


def _list(title: str, rows: list[Row], *, opened: bool) -> str:
    if not rows:
        return ""
    items = "".join(f"<li>{_item(row)}</li>" for row in rows)
    shown = " open" if opened else ""
    return f"<details{shown}><summary>{title}: {len(rows)}</summary><ul>{items}</ul></details>"


def _item(row: Row) -> str:
    text = escape(row.name)
    if row.count:
        text += f", {row.count:,} times" if row.count > 1 else ", once"
    if row.rules and not row.kept:
        text += f" <small>can break {escape(', '.join(row.rules))}</small>"
    return text
