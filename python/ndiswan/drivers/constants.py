"""``static ULONG table[] = {(ULONG)&variable, (ULONG)function};``, a constant where addresses have 32 bits.

Here the linker has no place for half an address. A driver's file is loaded below 2 GiB, so that nothing of it is lost:
the element is 0, and a function that runs when the file is loaded fills it in. So the variable is not ``const``.
"""

from __future__ import annotations

import re

_REFUSED = re.compile(
    r"^(?P<file>[^\n:]+):(?P<line>\d+):(?P<column>\d+): error: initializer element is not (?:constant|computable)"
    r"(?P<rest>(?:\n(?!\S+:\d+:\d+: error:).*)*)",
    re.MULTILINE,
)
_PLACE = re.compile(r"near initialization for ['\u2018]([^'\u2019]+)['\u2019]")
_MARKER = re.compile(r'^# (\d+) "([^"]*)"')
_CAST = re.compile(r"\(\s*(?:U?LONG|U?INT|DWORD|(?:unsigned )?(?:int|long))\s*\)")
_SKIPPED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[][(){},;]')
_CONST = re.compile(r"\bconst\b")
_NAME = re.compile(r"\b([A-Za-z_]\w*)\s*(?:\[[^][]*\]\s*)*=\s*$")


def filled_in(text: str, said: str) -> str:
    """The text with each of these elements 0, and a function behind it that assigns them; what cannot be, stays."""
    starts = _lines(text)
    found: dict[int, tuple[int, str]] = {}
    constant: set[int] = set()
    for refused in _REFUSED.finditer(said):
        for line in starts.get((refused["file"], int(refused["line"])), []):
            begin = line + int(refused["column"]) - 1
            if _CAST.match(text, begin):
                place = _PLACE.search(refused["rest"]) or _NAME.search(text, 0, begin)
                declared = _declaration(text, place[1], begin) if place else None
                if place and declared:
                    found[begin] = (_end(text, begin), place[1])
                    constant |= {
                        declared[0] + at.start() for at in _CONST.finditer(text[slice(*declared)])
                    }
                break
    assignments = []
    # From the end on, so that what is before stays where it is.
    for at in sorted([*found, *constant], reverse=True):
        if at in constant:
            text = f"{text[:at]}     {text[at + 5 :]}"
            continue
        end, variable = found[at]
        element = text[at:end]
        assignments.append(f"*(unsigned *)&({variable}) = {' '.join(element.split())};")
        text = text[:at] + "0" + "\n" * element.count("\n") + text[end:]
    if not assignments:
        return text
    return f"{text}\n__attribute__((constructor)) static void ndiswan_fill_in(void) {{ {' '.join(assignments)} }}\n"


def _lines(text: str) -> dict[tuple[str, int], list[int]]:
    """Where each line of each file begins, behind the preprocessor."""
    starts: dict[tuple[str, int], list[int]] = {}
    file, number, at = "", 0, 0
    for line in text.splitlines(keepends=True):
        if marker := _MARKER.match(line):
            file, number = marker[2], int(marker[1]) - 1
        else:
            starts.setdefault((file, number), []).append(at)
        number, at = number + 1, at + len(line)
    return starts


def _declaration(text: str, place: str, before: int) -> tuple[int, int] | None:
    """From where to where the variable's type stands; none if it is a function's own, which this is not behind."""
    name = re.match(r"\w+", place)
    declared = list(re.finditer(rf"\b{name[0]}\b(?=[^;{{}}]*=)", text[:before])) if name else []
    if not declared:
        return None
    end, depth, stops = declared[-1].start(), 0, [(";", 0)]
    for mark in _SKIPPED.finditer(text, 0, end):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if depth == 0 and mark[0] in ";}":
            stops.append((mark[0], mark.end()))
    # A structure's end is followed by the name alone.
    if stops[-1][0] == "}" and not text[stops[-1][1] : end].replace("const", "").strip(" \t\n*"):
        stops.pop()
    return None if depth else (stops[-1][1], end)


def _end(text: str, begin: int) -> int:
    """Where the element ends that begins there."""
    depth = 0
    for match in _SKIPPED.finditer(text, begin):
        if match[0] in {",", "}", ";"} and depth == 0:
            return match.start()
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match[0], 0)
    return len(text)
