"""Where the fields of C structures are, as clang prints them: `test_headers.py` compares ours with those of Windows."""

import re
import subprocess
from pathlib import Path

LINE = re.compile(r" *(\d+)(?::[\d-]+)? \|( +)(.*)")
SIZE = re.compile(r"\[sizeof=(\d+), align=\d+")
EVERYTHING = "#include <ndis.h>\n#include <ndiswan.h>\n#include <ndistapi.h>\n"

Layouts = dict[str, dict[str, int]]


def layouts(*arguments: str | Path) -> Layouts:
    """The layout of each record that the three headers define, compiled by clang with these arguments.

    Errors do not count: mingw's headers have some, in what is nobody's business here.
    """
    command = ["clang", "-w", "-ferror-limit=0", "-fsyntax-only", "-xc", *map(str, arguments), "-"]
    dump = ["-Xclang", "-fdump-record-layouts-complete"]
    done = subprocess.run(
        [*command, *dump], input=EVERYTHING, text=True, capture_output=True, check=False
    )
    return parse(done.stdout)


def parse(text: str) -> Layouts:
    """`{"struct _A": {"sizeof": 16, "Field": 8, "u.Part": 8}}`; what is in an unnamed member counts as its parent's."""
    found: Layouts = {}
    for block in text.split("*** Dumping AST Record Layout")[1:]:
        head, *lines = block.strip("\n").split("\n")
        if named := re.fullmatch(r" *0 \| ((?:struct|union) (?!__)\w+)", head):
            found[named[1]] = _fields(lines)
    return found


def _fields(lines: list[str]) -> dict[str, int]:
    fields: dict[str, int] = {}
    above: list[str] = []
    for line in lines:
        if size := SIZE.search(line):
            fields["sizeof"] = int(size[1])
        elif match := LINE.fullmatch(line):
            offset, indent, what = match.groups()
            name = what.split(" ")[-1]
            depth = len(indent) // 2 - 1
            above[depth:] = [name]
            path = ".".join(part for part in above if part)
            # A bit field has no offset that C could name.
            if name and ":" not in line.split("|")[0]:
                fields[path] = int(offset)
    return fields


def assertions(expected: Layouts) -> str:
    """A C file that compiles if each record is laid out so."""
    lines = [EVERYTHING]
    for record, fields in expected.items():
        for path, number in fields.items():
            what = (
                f"sizeof({record})" if path == "sizeof" else f"__builtin_offsetof({record}, {path})"
            )
            lines.append(f'_Static_assert({what} == {number}, "{record} {path}");')
    return "\n".join(lines)
