"""``static ULONG table[] = {(ULONG)&variable, (ULONG)function};``, a constant where addresses have 32 bits.

Here the linker has no place for half an address. A driver's file is loaded below 2 GiB, so that nothing of it is lost:
the element is a number that nothing else is, and a function that runs when the file is loaded looks for it in the
variable and puts the address there. So the variable is not ``const``.
"""

from __future__ import annotations

import re

_REFUSED = re.compile(
    r"^(?P<file>[^\n:]+):(?P<line>\d+):(?P<column>\d+): "
    r"error: initializer element is not (?:constant|computable|a compile-time)",
    re.MULTILINE,
)
_MARKER = re.compile(r'^# (\d+) "([^"]*)"')
_CAST = re.compile(r"\(\s*(?:U?LONG|U?INT|DWORD|(?:unsigned )?(?:int|long))\s*\)")
_SKIPPED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[][(){},;=]')
_CONST = re.compile(r"\bconst\b")
_NAME = re.compile(r"\b([A-Za-z_]\w*)\s*(?:\[[^][]*\]\s*)*$")
#: What follows the end of a structure, but not that of a function.
_VARIABLES = re.compile(r"(?:\s|\*|const\b)*[A-Za-z_]\w*\s*[][=,;]")
#: The first of the numbers that stand for an element.
_FIRST = 0x6B9D_2E41
_PUT = """
static void ndiswan_put(void *variable, unsigned long long size, unsigned mark, unsigned value)
{
    unsigned char *at = variable;
    for (; size >= sizeof mark; at++, size--)
        if (*(unsigned *)at == mark)
            *(unsigned *)at = value;
}
"""


def filled_in(text: str, said: str) -> str:
    """The text with a number for each such element, and functions behind it that put them there; the rest stays."""
    starts = _lines(text)
    changes: dict[int, tuple[int, str]] = {}
    puts = []
    mark = _FIRST + text.count("ndiswan_put(&")
    for refused in _REFUSED.finditer(said):
        for line in starts.get((refused["file"], int(refused["line"])), []):
            begin = line + int(refused["column"]) - 1
            if not _CAST.match(text, begin):
                continue
            if (variable := _variable(text, begin)) and begin not in changes:
                end = _end(text, begin)
                element = text[begin:end]
                changes[begin] = end, str(mark) + "\n" * element.count("\n")
                declared, name = variable
                changes |= {
                    at.start(): (at.end(), " " * 5)
                    for at in _CONST.finditer(text, *declared)
                    if at.start() not in changes
                }
                value = " ".join(element.split())
                puts.append(f"ndiswan_put(&{name}, sizeof {name}, {mark}, {value});")
                mark += 1
            break
    if not puts:
        return text
    for at in sorted(changes, reverse=True):  # so that what is before stays where it is
        end, instead = changes[at]
        text = text[:at] + instead + text[end:]
    once = "" if "ndiswan_put(&" in text else _PUT
    function = f"static void ndiswan_fill_in_{mark}(void)"
    return f"{text}\n{once}__attribute__((constructor)) {function} {{ {' '.join(puts)} }}\n"


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


def _variable(text: str, element: int) -> tuple[tuple[int, int], str] | None:
    """Where the type stands of the variable that has this element, and its name; none if it is a function's own."""
    depth, start, equals = 0, 0, -1
    for mark in _SKIPPED.finditer(text, 0, element):
        sign = mark[0]
        if sign in {"(", "[", "{"}:
            depth += 1
        elif sign in {")", "]", "}"}:
            depth -= 1
        if depth == 0 and sign in {"=", ","}:
            equals = mark.start() if sign == "=" else -1
        if depth == 0 and (sign == ";" or (sign == "}" and equals < 0)):
            equals = -1
            if sign == ";" or not _VARIABLES.match(text, mark.end()):
                start = mark.end()
    found = _NAME.search(text, start, equals) if equals >= 0 else None
    return ((start, found.start()), found[1]) if found else None


def _end(text: str, begin: int) -> int:
    """Where the element ends that begins there."""
    depth = 0
    for match in _SKIPPED.finditer(text, begin):
        if match[0] in {",", "}", ";"} and depth == 0:
            return match.start()
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match[0], 0)
    return len(text)
