"""`ndiswan rules` and `ndiswan explain`: the rule table, as it is in the engine."""

from __future__ import annotations

import difflib
import sys
import textwrap
from typing import Any

import click

from ndiswan._native import rule_info, rule_table
from ndiswan.cli.console import out, out_json, painter, width

# What `explain` says in which order, and what it calls it.
PARTS = {
    "sentence": "rule",
    "why": "why",
    "page": "the page",
    "source": "source",
    "broken_by": "broken by",
    "remedy": "to mend",
}


@click.command()
@click.option(
    "--json", "as_json", is_flag=True, help="Everything about every rule, as one document."
)
def rules(*, as_json: bool) -> None:
    """List the rules of the contract, by family.

    `ndiswan explain RULE` says more about one.
    """
    table = [rule_info(rule) for rule in rule_table()]
    families = list(dict.fromkeys(info["family"] for info in table))
    table.sort(key=lambda info: families.index(info["family"]))
    if as_json:
        out_json(table)
        return
    paint = painter(sys.stdout)
    lines = []
    indent = " " * 32
    for at, info in enumerate(table):
        family = "" if at and table[at - 1]["family"] == info["family"] else info["family"]
        text = info["sentence"]
        if info["strength"] != "documented":
            text += f" ({info['strength']})"
        wrapped = textwrap.wrap(text, width() - len(indent))
        name = f"{info['id']:<16}"
        lines.append(f"{family:<12}  {paint(name, 'bold')}  {wrapped[0]}")
        lines += [indent + line for line in wrapped[1:]]
    out("\n".join(lines))


@click.command()
@click.argument("rule")
@click.option("--json", "as_json", is_flag=True, help="As one document.")
def explain(rule: str, *, as_json: bool) -> None:
    """Say everything about one RULE: what must hold, why, who says so, and how to mend what breaks it."""
    wanted = rule.upper().replace("-", "_")
    if wanted not in rule_table():
        raise click.UsageError(_unknown(rule, wanted))
    info: dict[str, Any] = {**rule_info(wanted)}
    if as_json:
        out_json(info)
        return
    paint = painter(sys.stdout)
    switch = info["switch"]
    facts = {
        "strength": f"{info['strength']} (facts {', '.join(info['facts'])})",
        "severity": info["severity"],
        "switch": f"ndiswan.Policy({switch}=…)" if switch else "none",
        "raised as": f"ndiswan.{info['exception']}",
    }
    lines = [paint(f"{info['id']}  ({info['family']})", "bold"), ""]
    for label, text in {**{PARTS[part]: info[part] for part in PARTS}, **facts}.items():
        # A source is a name to search for: it stays whole.
        wrapped = textwrap.wrap(text, width() - 14, break_on_hyphens=False, break_long_words=False)
        lines.append(f"  {label:<10}  {wrapped[0]}")
        lines += [" " * 14 + line for line in wrapped[1:]]
    out("\n".join(lines))


def _unknown(rule: str, wanted: str) -> str:
    near = difflib.get_close_matches(wanted, rule_table(), n=3, cutoff=0.5)
    near += [known for known in rule_table() if wanted in known and known not in near]
    meant = f"did you mean {' or '.join(near)}?" if near else "`ndiswan rules` lists them."
    return f"there is no rule {rule!r}; {meant}"
