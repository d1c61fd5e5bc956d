"""A Sphinx extension that writes the tables of the reference from what the product itself reads.

A line `<!-- table: rules -->` of a page becomes that table: nothing that can be derived is written down twice, and no
generated file is in git. The drivers that break and keep a rule are those of `tests/catalogue`, which the tests run.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import TYPE_CHECKING, Any

import click

import ndiswan as nw
from catalogue import CATALOGUE
from ndiswan import _native
from ndiswan.cli import commands as group
from ndiswan.zoo import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = re.compile(r"^<!-- table: ([a-z-]+) -->$", re.MULTILINE)


def rules() -> str:
    """Every rule with all that is known of it, and its two drivers."""
    return "\n".join(part for rule in _native.rule_table() for part in _rule(rule))


def _rule(rule: str) -> Iterator[str]:
    info = _native.rule_info(rule)
    yield f"## {rule}\n\n{info['sentence']}\n"
    yield "| | |\n|---|---|"
    yield f"| raises | `{info['exception']}`, {info['severity']} |"
    yield f"| how firm | {info['strength']}, facts {', '.join(info['facts'])} |"
    yield f"| source | {info['source']} |"
    if info["switch"]:
        yield f"| switch | [`Policy.{info['switch']}`](policy.md) |"
    yield f"\n**Why.** {info['why']}\n\n**The page.** {info['page']}\n\n**To mend it.** {info['remedy']}\n"
    yield f"**For instance.** {info['broken_by']}\n"
    yield from _drivers(rule)


def _drivers(rule: str) -> Iterator[str]:
    entry = CATALOGUE[rule]
    for case, word in ((entry.breaks, "breaks"), (entry.keeps, "keeps")):
        if case is not None:
            source = textwrap.dedent(inspect.getsource(case.driver))
            source = re.sub(r"\A(@.*?\n)+(?=class )", "", source, flags=re.DOTALL)
            yield f"A driver that {word} it:\n\n```python\n{source}```\n"


def families() -> str:
    """The families, with their exceptions and their rules."""
    found: dict[str, list[str]] = {}
    for rule in _native.rule_table():
        found.setdefault(_native.rule_info(rule)["exception"], []).append(rule)
    lines = [
        f"| `{exception}` | {', '.join(f'[{rule}](#{rule.lower()})' for rule in rules)} |"
        for exception, rules in found.items()
    ]
    return "\n".join(["| exception | rules |", "|---|---|", *lines])


def statuses() -> str:
    """Every published status."""
    lines = [
        f"| `Status.{status.name}` | 0x{status.value:08X} | {status.severity.name.lower()} |"
        for status in nw.Status
    ]
    return "\n".join(["| member | value | severity |", "|---|---|---|", *lines])


def oids() -> str:
    """Every object identifier."""
    lines = [f"| `Oid.{oid.name}` | 0x{oid.value:08X} |" for oid in nw.Oid]
    return "\n".join(["| member | value |", "|---|---|", *lines])


def irqls() -> str:
    """The named levels."""
    lines = [f"| `Irql.{level.name}` | {level.value} |" for level in nw.Irql]
    return "\n".join(["| member | value |", "|---|---|", *lines])


def commands() -> str:
    """The help of every command, as the command itself prints it."""

    def help_of(command: click.Command, name: str, above: click.Context | None) -> Iterator[str]:
        context = click.Context(command, info_name=name, parent=above, max_content_width=100)
        yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                found = command.get_command(context, sub)
                if found is not None:
                    yield from help_of(found, sub, context)

    return "\n".join(help_of(group, "ndiswan", None))


def zoo() -> str:
    """Every bug of the zoo."""
    lines = []
    for entry in ENTRIES.values():
        star = r"\*" if entry.faults else ""
        plain = "plain" if entry.plain else f"{entry.preemptions}{star}"
        rule = f"[{entry.rule}](rules.md#{entry.rule.lower().replace('_', '-')})"
        lines.append(f"| `{entry.id}` | {rule} | {plain} | {entry.title} |")
    return "\n".join(["| name | rule | preemptions | what is wrong |", "|---|---|---|---|", *lines])


TABLES: dict[str, Callable[[], str]] = {
    "rules": rules,
    "families": families,
    "statuses": statuses,
    "oids": oids,
    "irqls": irqls,
    "commands": commands,
    "zoo": zoo,
}


def fill(page: str) -> str:
    """The page with its tables in place.

    Raises KeyError for a table that there is not.
    """
    return MARK.sub(lambda mark: TABLES[mark[1]](), page)


def _read(_app: Any, _name: str, source: list[str]) -> None:
    source[0] = fill(source[0])


def setup(app: Any) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
