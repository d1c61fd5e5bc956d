"""`ndiswan coverage`: which ownership edges recordings reached, how often, which never."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndiswan.checking.target import TargetError
from ndiswan.cli.console import Number, cannot_write, expect_apart, out, out_json, painter, width
from ndiswan.coverage import Report, to_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan.coverage import Row

NOT_ENOUGH, NOTHING_RAN = 1, 5


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False))
@click.option(
    "--html", metavar="FILE", help="Write the report as one HTML page.", show_default="none"
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON document on stdout; it is a FILE for a later run.",
)
@click.option(
    "--fail-under",
    type=Number(0, 100),
    metavar="PERCENT",
    help="Exit with 1 if a smaller share of the edges was reached.",
    show_default="0",
)
@click.option("--all", "everything", is_flag=True, help="List every edge that was never reached.")
def coverage(
    files: tuple[str, ...],
    html: str | None,
    as_json: bool,
    fail_under: float | None,
    everything: bool,
) -> int:
    """Say which ownership edges were reached, how often, and which never.

    FILES are recorded traces (`ndis.save`, `ndiswan check --traces`) and documents of earlier runs (`--json`),
    added up. An edge is who owned a packet, what happened, at which interrupt level, with how many locks held.
    """
    expect_apart(files, html=html)
    try:
        report = Report.read(files)
    except OSError as error:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise TargetError(text) from error
    except ValueError as error:
        raise TargetError(str(error)) from error
    if html is not None:
        try:
            Path(html).write_text(to_html(report), "utf-8", "replace")
        except OSError as error:
            raise cannot_write("--html", error, html) from error
    if as_json:
        out_json(report.to_json())
    else:
        out("\n".join(_lines(report, everything=everything)))
    if not report.events:
        click.echo("ndiswan: nothing was recorded in these files", err=True)
        return NOTHING_RAN
    if fail_under is not None and report.edges.percent < fail_under:
        click.echo(
            f"ndiswan: {report.edges.percent:.1f} % of the edges were reached, expected {fail_under:g} % or more",
            err=True,
        )
        return NOT_ENOUGH
    return 0


def _lines(report: Report, *, everything: bool) -> list[str]:
    paint = painter(sys.stdout)
    lines = [
        f"edges   {report.edges}",
        f"steps   {report.steps}, whatever the level and the locks",
        f"pairs   {report.pairs}, of consecutive edges of one packet",
        f"events  {report.events}",
        "",
    ]
    longest = max(map(len, report.states))
    for name, share in report.states.items():
        style = "good" if share.reached == share.total else "bold" if share.reached else "dim"
        lines.append(paint(f"  {name:<{longest}}  {share}", style))
    for title, style, rows in (
        ("reached, and no good driver does", "bad", report.broken),
        ("not in the list of edges", "warn", report.unforeseen),
        ("never reached", "dim", report.never if everything else []),
    ):
        if rows:
            lines += ["", f"{title}:"]
            lines += [paint(f"  {row.name}{_why(row)}", style) for row in rows]
    if report.never and not everything:
        lines += ["", "never, whatever the level and the locks (--all lists each edge):"]
        lines += [paint(line, "dim") for line in _missing(report.missing)]
    return lines


def _missing(missing: dict[str, list[str]]) -> Iterator[str]:
    for state, events in missing.items():
        text = f"{state}: {', '.join(events)}"
        yield from textwrap.wrap(text, width(), initial_indent="  ", subsequent_indent="    ")


def _why(row: Row) -> str:
    return "" if row.kept or not row.rules else f"  (can break {', '.join(row.rules)})"
