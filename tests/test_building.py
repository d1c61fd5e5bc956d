"""How a driver in C is compiled: files as DOS left them, and what the Microsoft compiler read otherwise."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import ndiswan as nw
from compilers import COMPILERS
from ndiswan.drivers import BuildError, build, load
from ndiswan.drivers.longs import narrowed

NINETIES = Path(__file__).parent / "drivers" / "nineties"
CONFIG = {
    "IoBaseAddress": 0x300,
    "Hex": 0x1F,
    "SwitchType": "5ESS",
    "Multi": ["a", "bcd"],
    "Bin": b"123",
}


@pytest.fixture
def nineties(tmp_path: Path) -> Path:
    """The driver with lines that end as under DOS, an umlaut of Latin-1, and the character that ended a text."""
    folder = tmp_path / "a driver's folder"
    shutil.copytree(NINETIES, folder)
    for file in [*folder.rglob("*.c"), *folder.rglob("*.h")]:
        text = b"/* Ger\xe4te */\n" + file.read_bytes()
        file.write_bytes(text.replace(b"\n", b"\r\n") + b"\x1a")
    return folder / "src"


@COMPILERS
def test_a_driver_of_the_nineties_runs(cc: str, nineties: Path, monkeypatch) -> None:
    """Own types first, K&R, L for 32 bits, functions of the kernel and of the C library: each check holds."""
    monkeypatch.setenv("CC", cc)
    driver = load(nineties, define={"DBG": 1}, config=CONFIG)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run()
    assert driver.crashed is None
    assert [line for line in driver.printed if line.startswith("wrong")] == []
    assert driver.printed[-1] == "all done 1\n"
    assert driver.leaks == []


def test_a_check_of_the_nineties_can_fail(nineties: Path) -> None:
    """Without what the adapter's registry should have, the driver says which line found it wrong."""
    driver = load(nineties, define={"DBG": 1}, config=CONFIG | {"Hex": 0x20})
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert any(line.startswith("wrong line") for line in driver.printed)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("unsigned long a = 5UL;", "unsigned int a = 5u;"),
        ("a = 0xFFFFFFFFL + 1lu + 07L;", "a = 0xFFFFFFFF + 1u + 07;"),
        ("b = 10LL + 0x1fULL + 1.5L;", "b = 10LL + 0x1fULL + 1.5L;"),
        ("c = 5i64 + 0xFui64 + 3i32;", "c = 5ll + 0xFull + 3;"),
        ('s = L"5L"; t = \'5L\'; u = "_asm int 3";', 's = L"5L"; t = \'5L\'; u = "_asm int 3";'),
        ("{ __asm int 3 } _asm { int 3 }", "{  ndiswan_break();  }  ndiswan_break(); "),
        ("#pragma alloc_text(INIT, F)\n # pragma pack(1)\n", "\n # pragma pack(1)\n"),
        ("long double d; long long e; x1L = y;\x1a", "long double d; long long e; x1L = y;"),
    ],
)
def test_what_the_microsoft_compiler_reads_otherwise(given: str, read: str) -> None:
    """A number with an L has 32 bits, i64 has 64, a break point is a call; texts and other names stay."""
    assert narrowed(given, []) == read


def test_what_the_compiler_says_is_readable(tmp_path: Path) -> None:
    """The compiler's own quotation marks and a file's name outside of ASCII come through as they are."""
    source = tmp_path / "Ger\u00e4t.c"
    source.write_text("int f(void) { return nothing; }")
    with pytest.raises(BuildError) as raised:
        build(source)
    assert "Ger\u00e4t.c" in str(raised.value)
    assert "\u00e2" not in str(raised.value)


EMPTY = "int DriverEntry(void *driver, void *registry) { return 0; }"


def test_what_is_compiled_is_not_written_over(tmp_path: Path) -> None:
    """Neither a C file nor a header beside it is an output, by whatever name, and a folder is none either."""
    source, header, other = (tmp_path / name for name in ("a.c", "a.h", "other.c"))
    source.write_text(EMPTY)
    header.write_text("")
    other.symlink_to("a.c")
    for output in (source, header, other):
        with pytest.raises(BuildError, match=r"expected a file of its own, got .*, which is comp"):
            build(tmp_path if output == source else source, output=output)
    assert (source.read_text(), header.read_text()) == (EMPTY, "")
    for folder in (tmp_path, ""):
        with pytest.raises(
            BuildError, match=r"output: expected the name of a file, got .*a folder"
        ):
            build(source, output=folder)
    made = build(source, output=tmp_path / "new" / "a.so")
    assert build(source, output=made) == made


def test_a_compiler_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit code is told then."""
    (tmp_path / "a.c").write_text(EMPTY)
    monkeypatch.setenv("CC", "false")
    with pytest.raises(BuildError, match="false says nothing, and ends with exit code 1"):
        build(tmp_path / "a.c")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"source": 5}, "expected a C file, several, or a folder of them, got 5"),
        ({"source": b"a.c"}, "expected a C file, several, or a folder of them, got b'a.c'"),
        ({"define": {1: 2}}, "define: expected a dict of macros, .*, got {1: 2}"),
        ({"config": "A=1"}, "config: expected a dict of values by keyword, got 'A=1'"),
        ({"sanitize": 1}, "sanitize: expected True, or .*, got 1"),
    ],
)
def test_what_is_no_such_thing_is_told(given: dict[str, Any], told: str, tmp_path: Path) -> None:
    """Each argument of `load` says what it expected, and what came."""
    (tmp_path / "a.c").write_text(EMPTY)
    with pytest.raises((TypeError, ValueError), match=told):
        load(**{"source": tmp_path / "a.c", **given})
