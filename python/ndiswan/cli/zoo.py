"""`ndiswan zoo`: the drivers with a bug, and what is wrong with one of them."""

from __future__ import annotations

import difflib
import inspect
import sys
import textwrap
from typing import TYPE_CHECKING

import click

from ndiswan.cli.console import out, out_json, painter, width

if TYPE_CHECKING:
    from ndiswan.zoo import Entry

FACTS = ("id", "title", "rule", "story", "preemptions", "faults", "plain", "events")


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As one document.")
def zoo(name: str | None, *, as_json: bool) -> None:
    """List drivers that break as drivers do, or show what is wrong with the one called NAME.

    The columns: its name, the rule that it breaks, how many preemptions that takes at least (a star: and a fault, or a
    certain size), and what is wrong.
    """
    from ndiswan.zoo import ENTRIES

    if name is not None and name not in ENTRIES:
        near = difflib.get_close_matches(name, ENTRIES, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(near)}?" if near else "`ndiswan zoo` lists them."
        raise click.UsageError(f"there is no {name!r} in the zoo; {meant}")
    chosen = list(ENTRIES.values()) if name is None else [ENTRIES[name]]
    if as_json:
        facts = [{fact: getattr(entry, fact) for fact in FACTS} for entry in chosen]
        out_json(facts if name is None else facts[0])
    elif name is None:
        out("\n".join(_row(entry) for entry in chosen))
    else:
        out("\n".join(_page(chosen[0])))


def _row(entry: Entry) -> str:
    star = "*" if entry.faults else " "
    head = f"{entry.id:<38}  {entry.rule:<16}  {entry.preemptions}{star}  "
    room = max(width() - len(head), 40)
    lines = textwrap.wrap(entry.title, room)
    return ("\n" + " " * len(head)).join([head + lines[0], *lines[1:]])


def _page(entry: Entry) -> list[str]:
    from ndiswan.exploring.target import name_of

    paint = painter(sys.stdout)
    fault = ", and a fault or a certain size" if entry.faults else ""
    lines = [paint(f"{entry.id}  ({entry.rule})", "bold"), ""]
    for text in (entry.title + ".", entry.story):
        lines += textwrap.wrap(text, width())
    lines += ["", f"preemptions  {entry.preemptions}{fault}", ""]
    lines += _difference(entry.mended, entry.driver)
    return [*lines, "", f"To hunt it:  ndiswan fuzz {name_of(entry.scenario)}"]


def _difference(mended: type, driver: type) -> list[str]:
    """What the author of the bug would have to change, method by method, as a unified diff."""
    lines: list[str] = []
    for name, value in vars(driver).items():
        if name.startswith("__"):
            continue
        before, after = _source(mended, name), _source(driver, name)
        if before != after:
            names = f"{mended.__qualname__}.{name}", f"{driver.__qualname__}.{name}"
            lines += difflib.unified_diff(before, after, *names, n=20, lineterm="")
        elif not callable(value):
            lines.append(f"+{name} = {value!r}")
    return lines


def _source(owner: type, name: str) -> list[str]:
    value = getattr(owner, name, None)
    if value is None:
        return []
    if not inspect.isfunction(value):
        return [f"{name} = {value!r}"]
    return textwrap.dedent(inspect.getsource(value)).splitlines()
