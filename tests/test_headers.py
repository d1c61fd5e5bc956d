"""The C headers that a driver is compiled against, and the library that is linked with it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import ndiswan
from compilers import COMPILERS
from layouts import Layouts, assertions, layouts, parse

HERE = Path(__file__).parent / "drivers"
DRIVERS = Path(ndiswan.__file__).parent / "drivers"
INCLUDE, LIBRARY = DRIVERS / "include", DRIVERS / "library"
MINGW = Path("/usr/share/mingw-w64/include")
FLAGS = ["-fshort-wchar", "-fms-extensions", "-fno-omit-frame-pointer", f"-I{INCLUDE}"]
MINIPORT = "-DNDIS_MINIPORT_DRIVER"

# The size of NDIS_MINIPORT_CHARACTERISTICS on 64-bit Windows.
VERSIONS = {
    "NDIS30_MINIPORT": 112,
    "NDIS40_MINIPORT": 136,
    "NDIS50_MINIPORT": 184,
    "NDIS51_MINIPORT": 240,
}
# Where mingw's headers have no whole structure, or one that is not as wide as a pointer on 64-bit Windows.
NOT_MINGWS = {
    "struct _NDIS_TAPI_EVENT": "its parameters carry handles and are as wide as a pointer",
    "struct _DISPATCHER_HEADER": "its first four bytes have other names there",
    "struct _FILE_OBJECT": "only its beginning has names here",
}


def compile_c(cc: str, text: str, *arguments: str | Path) -> str:
    """What the compiler says of a C text, which has to compile."""
    command = [cc, "-xc", "-fsyntax-only", *FLAGS, *map(str, arguments), "-"]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def pinned() -> Layouts:
    """The layouts that were compared with those of Windows when they were written down."""
    found: Layouts = json.loads((HERE / "layouts.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize(("cc", "standard"), [("gcc", "gnu89"), ("clang", "gnu11")])
def test_each_header_is_whole(cc: str, standard: str) -> None:
    """Each header compiles alone, and twice, without a warning."""
    headers = [
        path.name
        for path in INCLUDE.glob("*.h")
        if not path.name.startswith(("pshpack", "poppack", "packo"))
    ]
    assert len(headers) > 40
    for name in headers:
        text = f"#include <{name}>\n#include <{name}>\n"
        assert compile_c(cc, text, f"-std={standard}", MINIPORT, "-Wall") == "", name


@COMPILERS
def test_headers_may_come_in_any_order(cc: str) -> None:
    """The headers of a driver and those of the C library go together, whichever comes first."""
    names = [
        "ndistapi.h",
        "stdio.h",
        "ndiswan.h",
        "string.h",
        "stdarg.h",
        "ndis.h",
        "stdlib.h",
        "ntddk.h",
        "limits.h",
    ]
    for first in range(len(names)):
        order = names[first:] + names[:first]
        turned = order[:: (-1) ** first]
        text = "".join(f"#include <{name}>\n" for name in turned)
        assert compile_c(cc, text, "-std=gnu89", MINIPORT, "-Wall") == "", turned


@COMPILERS
@pytest.mark.parametrize(("version", "size"), VERSIONS.items())
def test_a_version_has_its_characteristics(cc: str, version: str, size: int) -> None:
    """NDIS_MINIPORT_CHARACTERISTICS has its version's size, with WanSendHandler in SendHandler's place."""
    text = f"""
    #include <ndis.h>
    C_ASSERT(sizeof(NDIS_MINIPORT_CHARACTERISTICS) == {size});
    C_ASSERT(FIELD_OFFSET(NDIS_MINIPORT_CHARACTERISTICS, WanSendHandler) == 88);
    C_ASSERT(FIELD_OFFSET(NDIS_MINIPORT_CHARACTERISTICS, SendHandler) == 88);
    """
    compile_c(cc, text, MINIPORT, f"-D{version}=1")


@COMPILERS
def test_structures_are_those_of_64_bit_windows(cc: str) -> None:
    """Every field of every structure is where it was written down to be."""
    expected = pinned()
    assert expected["struct _NDIS_WAN_PACKET"]["sizeof"] == 0x70
    compile_c(cc, assertions(expected), "-std=gnu11", MINIPORT, "-DNDIS51_MINIPORT")


def test_structures_are_those_of_mingw() -> None:
    """Structures that the headers of mingw-w64 also have are laid out as there, compiled for 64-bit Windows."""
    assert MINGW.is_dir(), f"{MINGW} is not there; `make system-programs` installs mingw-w64-common"
    defines = (MINIPORT, "-DNDIS51_MINIPORT", "-DNDIS_TAPI_CURRENT_VERSION=0x00010004")
    ours = layouts(*FLAGS, *defines)
    target = ("--target=x86_64-w64-windows-gnu", "-D_WIN32_WINNT=0x0600", "-DBINARY_COMPATIBLE=0")
    theirs = layouts(*target, *defines, f"-I{MINGW}", f"-I{MINGW / 'ddk'}")
    both = ours.keys() & theirs.keys() - NOT_MINGWS.keys()
    assert len(both) > 140
    differing = {
        (record, field, ours[record][field], theirs[record][field])
        for record in both
        for field in ours[record].keys() & theirs[record].keys()
        if ours[record][field] != theirs[record][field]
    }
    assert differing == set()
    assert {name: ours[name] for name in ours if name not in NOT_MINGWS} == {
        name: fields for name, fields in pinned().items() if name not in NOT_MINGWS
    }


def test_a_wrong_layout_is_seen() -> None:
    """A field that is elsewhere does not compile, and clang's print is read with names of what has none left out."""
    wrong = {"struct _NDIS_WAN_PACKET": {"CurrentBuffer": 8}}
    with pytest.raises(AssertionError, match="CurrentBuffer"):
        compile_c("gcc", assertions(wrong), "-std=gnu11", MINIPORT)
    dump = (
        "*** Dumping AST Record Layout\n 0 | struct _A\n 0 |   union _A::(anonymous at a.h:1:1) \n"
    )
    dump += " 8 |     int B\n   | [sizeof=16, align=8]\n"
    assert parse(dump) == {"struct _A": {"B": 8, "sizeof": 16}}


@COMPILERS
@pytest.mark.parametrize("checked", [0, 1])
def test_old_habits_compile(cc: str, checked: int) -> None:
    """Implicit int, K&R functions, pointers cut to 32 bits, names that Linux has too: it compiles."""
    text = (HERE / "old_habits.c").read_text("utf-8")
    compile_c(cc, text, "-std=gnu89", "-w", MINIPORT, "-DNDIS40_MINIPORT=1", f"-DDBG={checked}")


@COMPILERS
def test_published_usage_compiles(cc: str) -> None:
    """What is published may be written as it is published, without a warning."""
    text = (HERE / "published_usage.c").read_text("utf-8")
    for version in VERSIONS:
        assert compile_c(cc, text, "-std=gnu89", MINIPORT, f"-D{version}=1", "-DDBG=1") == ""


@pytest.mark.parametrize(("cc", "standard"), [("gcc", "gnu11"), ("clang", "gnu89")])
def test_the_library_compiles_without_a_warning(cc: str, standard: str, tmp_path: Path) -> None:
    """The library has no warning with -Wall -Wextra, optimized, in each version's form."""
    for version in ("NDIS30_MINIPORT", "NDIS51_MINIPORT"):
        command = [
            cc,
            f"-std={standard}",
            "-O2",
            "-c",
            "-Wall",
            "-Wextra",
            f"-D{version}=1",
            *FLAGS,
        ]
        sources = [str(path) for path in sorted(LIBRARY.glob("*.c"))]
        done = subprocess.run(
            [*command, *sources], text=True, capture_output=True, check=False, cwd=tmp_path
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module", params=["gcc", "clang"])
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Path]]:
    """A compiler, and the library compiled by it."""
    folder = tmp_path_factory.mktemp("library")
    command = [request.param, "-std=gnu89", "-O2", "-c", *FLAGS]
    subprocess.run([*command, *map(str, LIBRARY.glob("*.c"))], check=True, cwd=folder)
    return request.param, sorted(folder.glob("*.o"))


@pytest.mark.parametrize("part", ["format", "strings", "packets", "calls"])
def test_the_library_does_what_windows_does(
    library: tuple[str, list[Path]], part: str, tmp_path: Path
) -> None:
    """What needs no engine gives the results that are published; the program prints those that differ."""
    cc, objects = library
    program = tmp_path / part
    sources = [HERE / f"library_{part}.c", *objects]
    subprocess.run(
        [cc, "-w", "-std=gnu11", *FLAGS, f"-I{LIBRARY}", *sources, "-o", program], check=True
    )
    done = subprocess.run([program], text=True, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_function_is_in_the_list_once() -> None:
    """The names of functions.h are unique, and each is exported by the library in the order of the list."""
    names = [
        name
        for part in re.findall(r'#include "(\w+\.h)"', (LIBRARY / "functions.h").read_text("utf-8"))
        for name in re.findall(
            r"^(?:FUNCTION\([^,]+|PROCEDURE\()\s*,?\s*(\w+)",
            (LIBRARY / part).read_text("utf-8"),
            re.MULTILINE,
        )
    ]
    assert len(names) == len(set(names))
    assert len(names) > 200
    assert {
        "NdisMWanSendComplete",
        "NdisMSendComplete",
        "NdisMRegisterDmaChannel",
        "ndiswan_assert",
    } <= set(names)
    assert len(list(LIBRARY.glob("functions_*.h"))) == 7


@COMPILERS
def test_a_wrong_prototype_does_not_compile(cc: str) -> None:
    """A driver's own declaration of a listed function must be the published one."""
    compile_c(cc, "#include <ndis.h>\nvoid NdisMSleep(ULONG);", MINIPORT)
    with pytest.raises(AssertionError, match="NdisMSleep"):
        compile_c(cc, "#include <ndis.h>\nvoid NdisMSleep(PVOID);", MINIPORT)


def test_a_driver_links_with_nothing_missing(tmp_path: Path) -> None:
    """A driver and the library make a shared object with no symbol left open, and the engine's names in it."""
    assert shutil.which("nm")
    out = tmp_path / "driver.so"
    sources = [str(HERE / "old_habits.c"), *map(str, LIBRARY.glob("*.c"))]
    command = [
        "gcc",
        "-w",
        "-std=gnu89",
        "-shared",
        "-fPIC",
        MINIPORT,
        "-DNDIS40_MINIPORT=1",
        *FLAGS,
    ]
    link = ["-Wl,--no-undefined", "-Wl,-Bsymbolic", "-o", str(out)]
    subprocess.run([*command, *sources, *link], check=True)
    listed = subprocess.run(["nm", "-D", out], text=True, capture_output=True, check=True).stdout
    engine = {"names", "pointers", "missing", "invoke", "abandon", "library_version"}
    assert {f"ndiswan_{name}" for name in engine} <= set(listed.split())
