"""Reports: the check of a driver, a campaign, coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan.checking.report import STYLES
from ndiswan.notebook import parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ndiswan.campaign import Verdict
    from ndiswan.checking.results import CheckResult, DriverResult
    from ndiswan.coverage import Report

MISSING = 12


def check(of: CheckResult) -> str:
    """Each driver: the state of every rule, and the first thing that is wrong in full."""
    head = f"{of.target}, {of.seconds:.1f} s"
    return parts.page(
        parts.line(head, kind="faint"),
        *(part for d in of.drivers for part in _driver(d, of.frames_of(d))),
    )


def _driver(of: DriverResult, frames: str) -> Iterator[str]:
    sends = sum(mode.sends for mode in of.modes)
    ran = sum(mode.ran for mode in of.modes)
    yield parts.title(of.name)
    said = "nothing is wrong" if of.clean else "something is wrong"
    yield parts.verdict(
        parts.line(f"{said} in {ran} modes, {sends:,} sends, {frames}"), bad=not of.clean
    )
    rows = [
        (
            state.family,
            state.rule,
            parts.marked(
                state.state, {"dim": "faint"}.get(STYLES[state.state], STYLES[state.state])
            ),
            ", ".join(state.modes),
        )
        for state in of.rules
    ]
    shown = parts.table(("family", "rule", "state", "modes"), rows)
    yield shown if not of.clean else parts.folded(f"{len(rows)} rules", shown)
    if of.first is not None:
        mode, finding = of.first
        yield parts.line(parts.marked(finding.title, "bad"), f"in {mode.name}: {finding.detail}")
        yield parts.folded("in full", parts.block(finding.report))


def campaign(of: Verdict) -> str:
    """What was tried, and the files of what fails."""
    done = of.progress
    head = (
        f"{done.executions:,} executions in {done.seconds:.1f} s, {done.edges:,} ownership edges and {done.pairs:,} "
        f"pairs, the last new one after {done.last_new:.1f} s"
    )
    known: list[tuple[object, Path]] = [
        *((parts.marked("new", "bad"), file) for file in of.new),
        *((parts.marked("known, fails still", "bad"), file) for file in of.known),
        *((parts.marked("mended", "good"), file) for file in of.mended),
        *((parts.marked("does not fit any more", "warn"), file) for file in of.unfit),
    ]
    said = "something fails" if of.failed else "nothing fails"
    return parts.page(
        parts.verdict(
            parts.line(f"{said}{', interrupted' if of.interrupted else ''}"), bad=of.failed
        ),
        parts.line(head),
        parts.line(of.certificate) if of.certificate else "",
        parts.line(of.elsewhere, kind="warn") if of.elsewhere else "",
        *(parts.folded(str(died).splitlines()[0], parts.block(str(died))) for died in of.died),
        parts.table(("", "replay file"), [(kind, parts.code(file)) for kind, file in known])
        if known
        else "",
    )


def coverage(of: Report) -> str:
    """The share of edges that were reached, by state, and what never happened there."""
    missing = of.missing
    rows = [
        (
            state,
            parts.bar(share.percent),
            f"{share.reached} of {share.total}",
            _some(missing.get(state, [])),
        )
        for state, share in of.states.items()
    ]
    whole = of.edges
    return parts.page(
        parts.title("Ownership edges"),
        parts.line(parts.bar(whole.percent), f"{whole}; {of.events:,} events, {of.pairs:,} pairs"),
        parts.table(("state", "", "edges reached", "never happened there"), rows, numbers=[2]),
        parts.line(
            parts.marked(f"{len(of.broken)} edges that no good driver reaches", "bad")
            if of.broken
            else ""
        ),
        parts.line(f"from {', '.join(of.sources)}" if of.sources else "", kind="faint"),
    )


def _some(names: list[str]) -> str:
    left = len(names) - MISSING
    return ", ".join(names[:MISSING]) + (f" and {left} more" if left > 0 else "")
