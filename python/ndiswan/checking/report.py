"""A check as text for people: the table of rules, the first finding in full, and what to type next.

`paint(text, style)` puts colour in; the styles are good, bad, warn, dim and bold.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ndiswan.checking.results import (
        CheckResult,
        DriverResult,
        Finding,
        ModeResult,
        RuleState,
    )

    _Paint = Callable[[str, str], str]

STYLES = {
    "broken": "bad",
    "warned": "warn",
    "kept": "good",
    "not reached": "dim",
}
WIDTH = 110
CONSEQUENCES = (
    "  first     mend this: to NDIS a callback that raises has failed, and its packet goes back at once. The rules that"
    " are broken in this mode may be what comes of it."
)


def plain(text: str, style: str) -> str:  # noqa: ARG001 -- the style is for other painters
    """_Paint nothing."""
    return text


def lines(
    result: CheckResult,
    command: Callable[[str, str], str],
    paint: _Paint = plain,
    width: int = WIDTH,
    search: Callable[[str], str] | None = None,
) -> Iterator[str]:
    """The whole report; `command(driver, mode)` shows one mode only, `search(driver)` looks for schedules."""
    for number, driver in enumerate(result.drivers):
        if number:
            yield ""
        yield heading(result, driver, paint)
        yield ""
        yield from table(driver, paint, width)
        yield ""
        yield summary(driver, paint)
        yield from _notes(driver, paint)
        if driver.first is not None:
            mode, finding = driver.first
            yield ""
            yield from full(mode, finding, paint, width)
            yield from _others(driver, finding, paint)
            if driver.modes[0].name != "recorded":
                yield ""
                yield f"This mode only:  {paint(command(driver.name, mode.name), 'bold')}"
        elif search is not None and driver.modes and driver.modes[0].name != "recorded":
            # Nothing broke, in the order in which things happen here.
            yield ""
            yield f"What only some schedules break:  {paint(search(driver.name), 'bold')}"


def heading(result: CheckResult, driver: DriverResult, paint: _Paint = plain) -> str:
    """The driver's name, and how much was done to it."""
    sends = sum(mode.sends for mode in driver.modes)
    ran = sum(mode.ran for mode in driver.modes)
    modes = f"{ran} {'mode' if ran == 1 else 'modes'}"
    what = f"{modes}, {sends:,} sends, {result.frames_of(driver)}, {result.seconds:.1f} s"
    return f"{paint(driver.name, 'bold')}  {what}"


def table(driver: DriverResult, paint: _Paint = plain, width: int = WIDTH) -> Iterator[str]:
    """One line a rule, by family, with the modes in which it was broken."""
    yield paint(f"  {'family':<11} {'rule':<17} {'state':<12} modes", "dim").rstrip()
    family = ""
    for state in driver.rules:
        shown = "" if state.family == family else state.family
        family = state.family
        yield from _row(shown, state, driver, paint, width)


def _row(
    family: str, state: RuleState, driver: DriverResult, paint: _Paint, width: int
) -> Iterator[str]:
    head = f"  {family:<11} {state.rule:<17} "
    mark = paint(f"{state.state:<12}", STYLES[state.state])
    indent = len(head) + 13
    text = ", ".join(_short(state.modes, driver))
    wrapped = textwrap.wrap(
        text, max(20, width - indent), break_long_words=False, break_on_hyphens=False
    ) or [""]
    yield f"{head}{mark} {wrapped[0]}".rstrip()
    for line in wrapped[1:]:
        yield " " * indent + line


def _short(names: list[str], driver: DriverResult) -> list[str]:
    """The modes' names; those that are there in all of a scenario's modes by the name of that."""
    if len(names) == len(driver.modes) > 1:
        return ["every mode"]
    shown = names
    for shorten in (_with_serialization, _scenario):
        there = Counter(shorten(mode.name) for mode in driver.modes)
        here = Counter(shorten(name) for name in names)
        whole = {name for name, count in here.items() if count == there[name]}
        shown = [
            shorten(n) if shorten(n) in whole else s for n, s in zip(names, shown, strict=True)
        ]
    return list(dict.fromkeys(shown))


def _with_serialization(mode: str) -> str:
    scenario, _, rest = mode.partition("/")
    serialization = rest.partition("/")[2]
    return f"{scenario} ({serialization})" if serialization else scenario


def _scenario(mode: str) -> str:
    return mode.partition("/")[0]


def summary(driver: DriverResult, paint: _Paint = plain) -> str:
    """How many rules are in which state, and what else went wrong."""
    counts: Counter[str] = Counter(state.state for state in driver.rules)
    parts = [
        paint(f"{counts[state]} {state}", style) for state, style in STYLES.items() if counts[state]
    ]
    # A mode may have several of one kind.
    there = dict.fromkeys((mode.name, finding.kind) for mode, finding in driver.problems)
    for kind, count in Counter(kind for _, kind in there).items():
        parts.append(paint(f"{count} {'mode' if count == 1 else 'modes'} with {kind}", "bad"))
    return "  " + ", ".join(parts)


def _notes(driver: DriverResult, paint: _Paint) -> Iterator[str]:
    notes: dict[str, list[str]] = {}
    for mode in driver.modes:
        if mode.note:
            notes.setdefault(mode.note, []).append(mode.name)
    if resets := sum(mode.resets for mode in driver.modes):
        asking = [mode.name for mode in driver.modes if mode.resets]
        asked = f"MiniportCheckForHang asked for {resets} {'reset' if resets == 1 else 'resets'}"
        notes.setdefault(asked, []).extend(asking)
    for note, modes in notes.items():
        yield paint(f"  {', '.join(_short(modes, driver))}: {note}", "dim")


def full(
    mode: ModeResult, finding: Finding, paint: _Paint = plain, width: int = WIDTH
) -> Iterator[str]:
    """A finding's whole report, wrapped, below a line that says where it is from."""
    times = "" if finding.count == 1 else f", {finding.count} times; the first"
    style = "warn" if finding.kind == "warning" else "bad"
    yield paint(f"{finding.title} in mode {mode.name}{times}:", style)
    for line in finding.report.splitlines():
        yield from wrap(line.replace(f"{Path.cwd()}/", ""), width)
    if (
        finding.kind == "exception"
        and finding.site
        and any(known.kind == "violation" for known in mode.findings)
    ):
        yield from wrap(CONSEQUENCES, width)


def wrap(line: str, width: int = WIDTH) -> list[str]:
    """A line of a report on as many lines as it needs, under its own column. Histories stay as they are."""
    if len(line) <= width or " cpu " in line:
        return [line]
    indent = 12 if line.startswith("  ") else 4
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


#: Where something is, and how much of it there is, which differs from run to run.
_LEAKED = re.compile(r"\b(?:0x[0-9a-f]+|\d+ bytes)\b")


def _others(driver: DriverResult, first: Finding, paint: _Paint) -> Iterator[str]:
    seen = {(first.title, first.site)}
    titles = {first.title}
    others = []
    left = {_LEAKED.sub("", first.detail)}
    for mode in driver.modes:
        for finding in mode.findings:
            # What was left behind is told each once: no two of them are one mistake.
            if finding.kind == "warning" and finding.rule is None:
                what = _LEAKED.sub("", finding.detail)
                if what not in left:
                    others.append(f"  {finding.title} ({mode.name}): {finding.detail}")
                left.add(what)
                continue
            # One rule that is broken at another line as well is another mistake.
            if (finding.title, finding.site) in seen or (
                finding.title in titles and not finding.site
            ):
                continue
            at = f", at {finding.site.rpartition('/')[2]}" if finding.site else ""
            at = at if finding.title in titles else ""
            seen.add((finding.title, finding.site))
            titles.add(finding.title)
            others.append(f"  {finding.title} ({mode.name}): {finding.detail}{at}")
    if others:
        yield ""
        yield paint("Also:", "bold")
        yield from others
