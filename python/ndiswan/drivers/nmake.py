"""The lines of a file of the DDK's BUILD, which are those of NMAKE: macros, conditions and files that are included."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from ndiswan.drivers.spelling import found_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What BUILD says of a free build for the PC.
BUILD = {"386": "1", "FREEBUILD": "1", "DDKBUILDENV": "free", "NTDEBUG": "ntsdnodbg"}
_TOKENS = re.compile(r'\s*(?:("[^"]*")|(==|!=|<=|>=|&&|\|\||[!()<>])|([^\s()!=<>&|"]+))')
#: So deep files include files.
DEEPEST = 16


class Line(NamedTuple):
    """A macro that is set."""

    name: str
    value: str


def lines(listing: Path, known: dict[str, str] | None = None, depth: int = 0) -> Iterator[Line]:
    """What a file sets, where its conditions hold; ``known`` has the macros, and gets them.

    To begin with they are those of BUILD and of the environment, as with NMAKE.
    """
    if known is None:
        known = BUILD | {name.upper(): value for name, value in os.environ.items()}
    # A comment ends with its line, which may go on all the same.
    text = re.sub(
        r"#[^\r\n]*?(\\?[ \t]*)$", r"\1", listing.read_text(encoding="latin-1"), flags=re.MULTILINE
    )
    text = re.sub(r"\\[ \t]*\r?\n", " ", text)
    # For each condition around: whether this part of it counts, and whether one did already.
    around: list[tuple[bool, bool]] = []
    for line in text.splitlines():
        if word := re.match(r"\s*!\s*(\w+)\s*(.*)", line):
            command, rest = word[1].upper(), word[2].strip()
            if command == "INCLUDE" and all(counts for counts, _ in around) and depth < DEEPEST:
                other = found_in(listing.parent, _used(rest, known).strip('<>"'))
                if other is not None and other.is_file():
                    yield from lines(other, known, depth + 1)
            else:
                _condition(command, rest, around, known)
            continue
        name, equals, value = line.partition("=")
        if equals and all(counts for counts, _ in around):
            key = name.strip().upper()
            known[key] = _used(value.strip(), known, keep=True)
            yield Line(key, known[key])


def _used(text: str, known: dict[str, str], *, keep: bool = False) -> str:
    """The text with the values of macros; those that are not known are nothing, or stay with `keep`."""
    return re.sub(
        r"\$\((\w+)\)", lambda used: known.get(used[1].upper(), used[0] if keep else ""), text
    )


def _condition(
    command: str, rest: str, around: list[tuple[bool, bool]], known: dict[str, str]
) -> None:
    if command in {"IF", "IFDEF", "IFNDEF"}:
        holds = _holds(command, rest, known)
        around.append((holds, holds))
    elif command.startswith("ELSE") and around:
        _, before = around.pop()
        more = f"{command[4:]} {rest}".split(maxsplit=1)
        holds = not before and (not more or _holds(more[0].upper(), " ".join(more[1:]), known))
        around.append((holds, before or holds))
    elif command == "ENDIF" and around:
        around.pop()


def _holds(command: str, text: str, known: dict[str, str]) -> bool:
    if command in {"IFDEF", "IFNDEF"}:
        return (text.upper() in known) == (command == "IFDEF")
    text = re.sub(
        r"\bdefined\s*\(\s*(\w+)\s*\)",
        lambda name: str(int(name[1].upper() in known)),
        text,
        flags=re.IGNORECASE,
    )
    found = [
        match.group(1) or match.group(2) or match.group(3)
        for match in _TOKENS.finditer(_used(text, known))
    ]
    return _true(_either(found))


def _true(value: str) -> bool:
    return value.strip('"') not in {"", "0"}


def _either(tokens: list[str]) -> str:
    value = _both(tokens)
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        value = str(int(_true(value) | _true(_both(tokens))))
    return value


def _both(tokens: list[str]) -> str:
    value = _compared(tokens)
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        value = str(int(_true(value) & _true(_compared(tokens))))
    return value


def _compared(tokens: list[str]) -> str:
    value = _one(tokens)
    while tokens and tokens[0] in {"==", "!=", "<", ">", "<=", ">="}:
        how, other = tokens.pop(0), _one(tokens)
        a, b = value.strip('"'), other.strip('"')
        numbers = a.isdigit() and b.isdigit()
        order = (int(a) > int(b)) - (int(a) < int(b)) if numbers else (a > b) - (a < b)
        less, same = order < 0, order == 0
        held = {
            "==": same,
            "!=": not same,
            "<": less,
            ">": not (less or same),
            "<=": less or same,
            ">=": not less,
        }
        value = str(int(held[how]))
    return value


def _one(tokens: list[str]) -> str:
    if not tokens:
        return ""
    token = tokens.pop(0)
    if token == "!":
        return str(int(not _true(_one(tokens))))
    if token == "(":
        value = _either(tokens)
        if tokens[:1] == [")"]:
            tokens.pop(0)
        return value
    return token
