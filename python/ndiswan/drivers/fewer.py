"""A macro that is called with too few arguments, of which the Microsoft compiler only warns: those that lack are empty.

Its definition is made to take any number: ``#define M(a, b, c) body`` becomes ``#define M(...) M_few(__VA_ARGS__,,)``
and ``#define M_few(a, b, c, ...) body``. For that the text has to be one file with its definitions and no includes,
which gcc and clang write.
"""

from __future__ import annotations

import re

_QUOTED = r"""["'\u2018](\w+)["'\u2019]"""
#: What gcc and clang say of such a call, and where the macro's name is in it.
_GCC = re.compile(rf"error: macro {_QUOTED} requires \d+ arguments, but only \d+ given")
_CLANG = re.compile(rf"error: too few arguments provided(?s:.)*?note: macro {_QUOTED} defined here")
_TOO_FEW = re.compile(r"requires \d+ arguments, but only|too few arguments provided")


def called_with_fewer(said: str) -> set[str]:
    """The macros that a preprocessor names in such an error."""
    return {*_GCC.findall(said), *_CLANG.findall(said)}


def flag_of_definitions(said: str) -> str:
    """What has the compiler that said so write the text with its definitions, and without includes."""
    return "-fdirectives-only" if _GCC.search(said) else "-frewrite-includes"


def only_fewer(error: str) -> bool:
    """Whether an error of a preprocessor is one of those."""
    return _TOO_FEW.search(error) is not None


def taking_fewer(text: str, names: set[str]) -> str:
    """The text in which these macros take any number of arguments; its lines keep their numbers by its own markers."""
    helpers: list[str] = []

    def tolerant(found: re.Match[str]) -> str:
        helper = f"{found['name']}_few{len(helpers)}"
        count = found["parameters"].count(",") + 1
        body = found["body"].replace("\\\n", " ")
        helpers.append(f"#define {helper}({found['parameters']}, ...) {body}\n")
        lines = "\n" * found[0].count("\n")
        empty = "," * (count - 1)
        return f"#define {found['name']}(...) {helper}(__VA_ARGS__{empty}){lines}"

    alternatives = "|".join(sorted(names))
    definition = re.compile(
        rf"^[ \t]*#[ \t]*define[ \t]+(?P<name>{alternatives})\((?P<parameters>[\w\s,]+)\)"
        r"(?P<body>(?:\\\n|[^\n])*)",
        re.MULTILINE,
    )
    text = definition.sub(tolerant, text)
    return "".join(helpers) + text
