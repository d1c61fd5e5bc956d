"""A Sphinx extension that writes the tables of the reference from what the product itself reads.

A line `<!-- table: rules -->` of a page becomes that table: nothing that can be derived is written down twice, and no
generated file is in git. The drivers that break and keep a rule are those of `tests/catalogue`, which the tests run.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from typing import TYPE_CHECKING, Any

import click
import happenings
import schemas
from elsewhere import ELSEWHERE

import ndiswan as nw
from catalogue import CATALOGUE
from ndiswan import _native, models
from ndiswan.cli import commands as group
from ndiswan.models._build import CARDS, FAMILIES, kinds
from ndiswan.models.durations import Duration
from ndiswan.models.scenario import Run
from ndiswan.models.units import kind_of
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
    yield f"| elsewhere | {ELSEWHERE[rule]} |"
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


def scenario() -> str:
    """Every key of a scenario file, from the classes that it makes."""
    return "\n".join(part for section in _sections() for part in section)


def _sections() -> Iterator[Iterator[str]]:
    yield _keys("[run]", Run)
    yield _keys("[[link]]", models.Link)
    yield _keys("[link.line]", models.Line)
    yield _keys("[link.line] with lines", models.Multilink)
    yield _keys("[link.card]", models.Card)
    yield _keys("[link.card] moderation", models.Moderation)
    yield _keys("[link.card] dies", models.Death)
    yield _cards()
    yield _keys("[link.queue]", models.Queue)
    for family in FAMILIES:
        yield iter([f"## {WHERE[family]}\n"])
        for word, kind in kinds(family).items():
            yield _keys(f'kind = "{word}"', kind, "###")


# Where a part of each family stands in a file.
WHERE = {
    models.Flow: "[[link.traffic]]",
    models.Size: "size",
    Duration: "Durations: on, off, think, jitter",
    models.Framing: "framing",
    models.Loss: "loss",
    models.Discipline: "discipline",
}


def _keys(title: str, kind: type, level: str = "##") -> Iterator[str]:
    yield f"{level} {title}\n\n{_prose(kind)}\n"
    fields = dataclasses.fields(kind)
    if fields:
        yield "| key | is | without it |\n|---|---|---|"
    for field in fields:
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = "a default one"
        missing = "must be there" if default is dataclasses.MISSING else _literal(default)
        yield f"| `{field.name}` | {_type(field)} | {missing} |"
    yield ""


def _prose(kind: object) -> str:
    text = re.sub(r"``(.+?)``", r"`\1`", inspect.getdoc(kind) or "")
    return re.sub(r"\s+Raises .*", "", text, flags=re.DOTALL)


def _literal(value: object) -> str:
    if value in {None, "", ()}:
        return "none"
    return (
        value
        if value == "a default one"
        else f"`{value}`".replace("True", "true").replace("False", "false")
    )


def _type(field: dataclasses.Field[Any]) -> str:
    if field.name == "size":
        return "bytes, a list of them, or a table"
    if field.name == "traffic":
        return "one table or several"
    name = getattr(field.type, "__name__", str(field.type)).replace("ndiswan.models.", "")
    words = {
        "int": "whole number",
        "float": "number",
        "str": "text",
        "bool": "true or false",
        "Any": "list",
    }
    parts = [re.sub(r".*\.", "", part) for part in name.split(" | ") if part != "None"]
    if name.startswith("Literal") or "Literal" in str(field.type):
        return "text, see above"
    found = words.get(parts[0], f"a {parts[0].lower()}")
    unit = kind_of(field.name)
    return (
        found
        if unit is None or found.startswith("a ")
        else f"{found}, or {unit[0]} such as `{unit[1]}`"
    )


def _cards() -> Iterator[str]:
    yield "## [link.card] kind\n\nShorter names for common cards; every other key of a card may stand beside them.\n"
    yield "| kind | keys that must be there | is |\n|---|---|---|"
    for word, make in CARDS.items():
        own = [
            p.name
            for p in inspect.signature(make).parameters.values()
            if p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        yield f"| `{word}` | {', '.join(f'`{name}`' for name in own) or 'none'} | {_prose(make)} |"
    yield ""


TABLES: dict[str, Callable[[], str]] = {
    "rules": rules,
    "families": families,
    "statuses": statuses,
    "oids": oids,
    "irqls": irqls,
    "commands": commands,
    "zoo": zoo,
    "scenario": scenario,
    "events": happenings.events,
    "entries": happenings.entries,
    "trace-head": lambda: schemas.shown(schemas.trace_head()),
    "trace-event": lambda: schemas.shown(schemas.trace_event()),
    "replay-file": lambda: schemas.shown(schemas.replay()),
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
