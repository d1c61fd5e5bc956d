"""Macros that are called with too few arguments, of which the Microsoft compiler only warns (C4003)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from compilers import COMPILERS
from ndiswan.drivers import BuildError, build, load
from ndiswan.drivers.fewer import taking_fewer
from test_c_kernel import HARNESS

if TYPE_CHECKING:
    from pathlib import Path

MACROS = """
#define DB(level, text, argument)
#ifndef NDISWAN_NEVER
#define SUM(a, b, c) (0 + a \\
    b c)
#else
#define SUM(a, b) a
#endif
#define BOTH(x) SUM(x) * 10 + SUM(x, +1)
#include "more.h"
"""
BODY = """
    DB(1, "x");
    DB(1, SUM(2),
       ")");
    DbgPrint("%d %d %d %d\\n", SUM(3, +4), BOTH(5), MORE(7), __LINE__);
"""


@COMPILERS
def test_arguments_that_lack_are_empty(tmp_path: Path, monkeypatch, cc: str) -> None:
    """In the file and in a header, in other macros and over several lines; each line keeps its number."""
    monkeypatch.setenv("CC", cc)
    (tmp_path / "more.h").write_text(
        "#define MORE(a, b) (a b + 1)\n#define LESS MORE(1)\n", "utf-8"
    )
    text = HARNESS.replace("@GLOBALS@", MACROS).replace("@HALT@", "").replace("@BODY@", BODY)
    source = tmp_path / "few.c"
    source.write_text(text, "utf-8")
    driver = load(source)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    line = next(n for n, t in enumerate(text.splitlines(), 1) if "__LINE__" in t)
    assert driver.printed == [f"7 56 8 {line}\n"]


@COMPILERS
def test_another_error_beside_it_is_told(tmp_path: Path, monkeypatch, cc: str) -> None:
    """At its own line."""
    monkeypatch.setenv("CC", cc)
    source = tmp_path / "few.c"
    source.write_text("#define DB(a, b)\nvoid f(void)\n{\n    DB(1);\n    other;\n}\n")
    with pytest.raises(BuildError, match=r"few\.c:5:(.|\n)*other"):
        build(source)


def test_too_many_arguments_are_an_error(tmp_path: Path) -> None:
    """There the Microsoft compiler takes what it can; nobody means that."""
    source = tmp_path / "many.c"
    source.write_text("#define DB(a)\nvoid f(void)\n{\n    DB(1, 2);\n}\n")
    with pytest.raises(BuildError, match=r"many\.c:4:"):
        build(source)


def test_only_the_macros_that_are_named_change() -> None:
    """What they take behind their parameters is nothing."""
    text = "#define A(x, y) x y\\\n z\n#define B(x) x\n"
    helper = "#define A_few0(x, y, ...)  x y  z\n"
    assert taking_fewer(text, {"A"}) == (
        f"{helper}#define A(...) A_few0(__VA_ARGS__,)\n\n#define B(x) x\n"
    )
