"""Structured exceptions as far as they are there: `__leave`, and what a `__finally` block follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from compilers import COMPILERS
from ndiswan.drivers import BuildError, build, load
from ndiswan.drivers.leaving import without_leave
from test_c_kernel import HARNESS

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = """
static int Loop(int upto)
{
    int i, done = 0;
    __try {
        for (i = 0; i < 10; i++) {
            switch (i) {
            case 3:
                if (upto == 3)
                    __leave;
            }
            done++;
        }
        done += 100;
    }
    __finally {
        done += 1000;
    }
    return done;
}
static int Nested(int way)
{
    int seen = 0;
    _try {
        try {
            if (way == 1)
                leave;
            seen |= 1;
        } finally {
            seen |= 2;
            if (way == 2)
                __leave;
        }
        seen |= 4;
    } except (EXCEPTION_EXECUTE_HANDLER) {
        seen |= 8;
    }
    return seen;
}
"""


@COMPILERS
def test_leave_ends_its_block_and_no_other(tmp_path: Path, monkeypatch, cc: str) -> None:
    """Out of loops and switches; the block behind runs, a handler never does; in `__finally` it is the outer one's."""
    monkeypatch.setenv("CC", cc)
    body = 'DbgPrint("%d %d\\n", Loop(3), Loop(0)); DbgPrint("%d %d %d\\n", Nested(0), Nested(1), Nested(2));'
    text = HARNESS.replace("@GLOBALS@", FUNCTIONS).replace("@HALT@", "").replace("@BODY@", body)
    source = tmp_path / "small.c"
    source.write_text(text, "utf-8")
    driver = load(source)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert driver.crashed is None
    assert driver.printed == ["1003 1110\n", "7 6 3\n"]


@COMPILERS
def test_leave_outside_of_a_block_is_refused(tmp_path: Path, monkeypatch, cc: str) -> None:
    """The Microsoft compiler refuses it as well."""
    monkeypatch.setenv("CC", cc)
    source = tmp_path / "outside.c"
    source.write_text("#include <ndis.h>\nvoid f(void)\n{\n    __leave;\n}\n")
    with pytest.raises(BuildError, match=r"outside\.c:4:(.|\n)*__leave"):
        build(source)


def test_braces_in_literals_end_no_block() -> None:
    """Only what the compiler takes for one."""
    text = """if (sizeof "__try") { f("}", '}'); __leave; } g();"""
    left = """if (sizeof "__try") { f("}", '}'); goto ndiswan_left_0; ndiswan_left_0:;} g();"""
    assert without_leave(text) == left
