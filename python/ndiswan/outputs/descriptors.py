"""The rules as SARIF describes them (reportingDescriptor), made from the engine's table."""

from __future__ import annotations

import re
from typing import Any

from ndiswan._native import rule_info
from ndiswan.outputs.problem import NO_RULES, rule_ids

_LEARN = "https://learn.microsoft.com/en-us"
_PAGES = (
    (
        re.compile(r"\bMSDN (ff\d+)"),
        _LEARN + "/previous-versions/windows/hardware/network/{}(v=vs.85)",
    ),
    (re.compile(r"\bddi:([\w-]+)\.md"), _LEARN + "/windows-hardware/drivers/ddi/ndis/{}"),
    (re.compile(r"\bwdd:([\w/-]+)\.md"), _LEARN + "/windows-hardware/drivers/{}"),
)


def descriptors() -> list[dict[str, Any]]:
    """One for each id that a result can have, in the order of the table."""
    return [_of_rule(name) if name not in NO_RULES else _of_no_rule(name) for name in rule_ids()]


def help_uri(source: str) -> str | None:
    """The page that a rule's source names first; None if it names a book only."""
    for pattern, uri in _PAGES:
        found = pattern.search(source)
        if found:
            return uri.format(found[1])
    return None


def _of_rule(name: str) -> dict[str, Any]:
    info = rule_info(name)
    parts = {
        "Why": info["why"],
        "What the page says": info["page"],
        "Source": f"{info['source']} ({info['strength']})",
        "Broken by": info["broken_by"],
        "To mend it": info["remedy"],
    }
    described = {
        "id": name,
        "shortDescription": {"text": info["sentence"].replace("`", "")},
        "fullDescription": {"text": f"{info['sentence']} {info['why']}".replace("`", "")},
        "help": {
            "text": "\n\n".join(f"{title}: {text}" for title, text in parts.items()),
            "markdown": "\n\n".join(f"**{title}.** {text}" for title, text in parts.items()),
        },
        "defaultConfiguration": {"level": "error" if info["severity"] == "error" else "warning"},
        "properties": {
            "tags": ["ndis", "wan", info["family"].lower()],
            "precision": "very-high",  # what is reported has happened
            "problem.severity": info["severity"],
            "strength": info["strength"],
        },
    }
    uri = help_uri(info["source"])
    return described | ({"helpUri": uri} if uri else {})


def _of_no_rule(name: str) -> dict[str, Any]:
    sentence, remedy = NO_RULES[name]
    level = "warning" if name == "LEAK" else "error"
    return {
        "id": name,
        "shortDescription": {"text": sentence},
        "fullDescription": {"text": f"{sentence} {remedy}"},
        "help": {"text": remedy, "markdown": remedy},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["ndis", "wan"], "problem.severity": level},
    }
