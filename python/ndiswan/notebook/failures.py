"""What went wrong: violations, failures, explorations, recorded traces and their stories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan._native import rule_info, rule_table
from ndiswan.notebook import parts

if TYPE_CHECKING:
    from ndiswan._native import Event, Story, Trace
    from ndiswan.exploring import Exploration, Failure
    from ndiswan.violations import ContractViolation

LINES = 30
FAILURES = 50


def violation(of: ContractViolation) -> str:
    """What was broken, where, what happened to the packet before, and how it is mended."""
    where = f"cpu {of.cpu}, IRQL {of.irql.name}"
    locks = f", holding {', '.join(of.locks)}" if of.locks else ""
    about = f", {of.packet}" if of.packet else ""
    return parts.page(
        parts.verdict(_broken(of.rule, of.detail), parts.line(of.sentence), bad=not of.warning),
        parts.line("adapter", parts.code(of.adapter), f", {where}{locks}{about}"),
        parts.line("at", parts.code(of.site)) if of.site else "",
        history(of.history),
        parts.line(parts.Html(f"<i>{parts.text(of.page)}</i>"), f"({of.source})", kind="faint"),
        parts.line(parts.Html("<b>To mend it:</b>"), of.remedy),
    )


def history(events: list[Event]) -> str:
    """Events as rows."""
    rows = [
        (
            parts.milliseconds(event.time_ns),
            event.cpu,
            event.irql.name,
            str(event).split(None, 5)[-1],
        )
        for event in events
    ]
    return parts.table(("time", "cpu", "IRQL", "event"), rows, numbers=[0]) if rows else ""


def failure(of: Failure) -> str:
    """What it is, how it was found, and its story as a picture, for which it is run again."""
    how = f"explorer {of.explorer!r}, seed {of.seed}"
    known = {
        "at": parts.code(of.place),
        "found by": f"{how}, execution {of.execution}" if of.execution else how,
        "choices": f"{len(of.choices)}, of which {of.switches} are not the plain one",
        "events": f"{of.events:,}",
        "not deterministic": "" if of.deterministic else "the same choices gave other events",
        **_words(of.rule),
    }
    try:
        again = of.replay()
        told = parts.Html(of.story(again).to_svg()) if again.symptom else parts.line("")
        if again.symptom != of.symptom and of.rule != "NONE":
            told = parts.line("It fails no more, or otherwise: the driver is another one now.")
    except Exception as error:  # noqa: BLE001 -- a driver that cannot run any more is shown all the same
        told = parts.line(f"It cannot be run again: {type(error).__name__}: {error}", kind="warn")
    bad = of.rule != "NONE"
    return parts.page(parts.verdict(_broken(of.rule, of.detail), bad=bad), parts.facts(known), told)


def exploration(of: Exploration) -> str:
    """What was tried and found: a row a failure."""
    rows = [
        (
            number,
            parts.marked(found.rule, "bad"),
            parts.code(found.place),
            found.detail,
            found.switches,
            found.events,
            found.execution,
        )
        for number, found in enumerate(of.failures[:FAILURES])
    ]
    rate = of.executions / of.seconds if of.seconds else 0.0
    head = (
        f"{of.executions:,} executions in {of.seconds:.1f} s ({rate:,.0f}/s) by {of.explorer!r}, seed {of.seed}; "
        f"{of.reached[0]:,} ownership edges and {of.reached[1]:,} pairs reached"
    )
    names = ("", "rule", "place", "what", "switches", "events", "found in execution")
    found = f"different failures: {len(of.failures)}; executions that failed: {of.failing:,}"
    return parts.page(
        parts.verdict(
            parts.line(found if of.failures else "no failure was found"), bad=bool(of.failures)
        ),
        parts.line(head),
        parts.line(of.certificate) if of.certificate else "",
        *(parts.line(f"not deterministic: {why}", kind="warn") for why in of.nondeterministic),
        parts.table(names, rows, numbers=[0, 4, 5, 6]) if rows else "",
        parts.more(len(of.failures) - FAILURES, "failures"),
    )


def story(of: Story) -> str:
    """Its picture."""
    return parts.page(parts.Html(of.to_svg()))


def trace(of: Trace) -> str:
    """What it breaks, with the story of that, and its first lines."""
    found = [broken for broken in of.check() if not broken["warning"]]
    lines = of.to_text().splitlines()
    return parts.page(
        parts.title(f"{len(of):,} events of {', '.join(of.adapters) or 'no adapter'}"),
        parts.verdict(
            *(_broken(broken["rule"], broken["detail"]) for broken in found[:3]),
            parts.more(len(found) - 3, "broken rules"),
            "" if found else parts.line("no rule is broken"),
            bad=bool(found),
        ),
        parts.Html(of.story().to_svg()) if found else "",
        parts.folded("events", parts.block("\n".join(lines[: LINES + 1]))),
        parts.more(len(lines) - LINES - 1, "events"),
    )


def _broken(rule: str, detail: str) -> parts.Html:
    return parts.line(parts.Html(f"<b>{parts.text(rule)}</b>:"), detail)


def _words(rule: str) -> dict[str, object]:
    if rule not in rule_table():
        return {}
    info = rule_info(rule)
    return {"the rule": info["sentence"], "to mend it": info["remedy"]}
