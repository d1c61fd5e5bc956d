"""Every name of NDIS's published headers is one of ours, or left out for a reason that is written down."""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path

import ndiswan

HERE = Path(__file__).parent / "drivers"
INCLUDE = Path(ndiswan.__file__).parent / "drivers" / "include"
MINGW = Path("/usr/share/mingw-w64/include")
PUBLISHED = {"ndis.h", "ndiswan.h", "ndistapi.h", "xfilter.h", "netpnp.h"}
EVERYTHING = "#include <ndis.h>\n#include <ndiswan.h>\n#include <ndistapi.h>\n"
VERSION = ("-DNDIS_MINIPORT_DRIVER=1", "-DNDIS51_MINIPORT=1", "-DBINARY_COMPATIBLE=0")
THEIRS = (
    "--target=x86_64-w64-windows-gnu",
    "-D_WIN32_WINNT=0x0600",
    f"-I{MINGW}",
    f"-I{MINGW / 'ddk'}",
)
OURS = ("-fshort-wchar", "-fms-extensions", f"-I{INCLUDE}")

MARKER = re.compile(r'^# \d+ "([^"]*)"')
MACRO = re.compile(r"^#define (\w+)")
DECLARED = re.compile(r"\b([A-Za-z_]\w*)\b")


def preprocessed(*arguments: str) -> list[tuple[str, str]]:
    """Each line of the text with its macros, with the name of the file that it comes from."""
    command = ["clang", "-w", "-xc", "-E", "-dD", *VERSION, *arguments, "-"]
    text = subprocess.run(command, input=EVERYTHING, text=True, capture_output=True, check=False)
    lines, file = [], ""
    for line in text.stdout.splitlines():
        if marker := MARKER.match(line):
            file = marker[1]
        else:
            lines.append((file, line))
    return lines


@functools.cache
def theirs() -> frozenset[str]:
    """Macros, functions, types and constants that the published headers bring, by clang's own reading."""
    own = [line for file, line in preprocessed(*THEIRS) if Path(file).name in PUBLISHED]
    macros = {match[1] for line in own if (match := MACRO.match(line))}
    text = re.sub(r"\{[^{}]*\}", _constants, "\n".join(x for x in own if x[:1] != "#"))
    while "{" in text:
        shorter = re.sub(r"\{[^{}]*\}", "", text)
        if shorter == text:
            break
        text = shorter
    names = set(re.findall(r"(?:\benum_constant|\bNdis\w+(?=\s*\())\s*(\w+)?", text)) - {""}
    names |= set(re.findall(r"\b(Ndis[A-Z]\w+)\s*\(", text))
    names |= set(re.findall(r"(?<=[\s*(,])(\w+)\s*(?:,[\s*\w,]*)?;", text))
    return frozenset(
        name for name in macros | names if not re.fullmatch(r"_\w*|\d\w*", name) and len(name) > 2
    )


def _constants(block: re.Match[str]) -> str:
    """An enum's names stay, so that each is a name of the text; other blocks go."""
    inside = block[0][1:-1]
    if ";" in inside or not re.search(r"\w", inside):
        return ""
    return " " + " ".join(
        f"; enum_constant {name} ;"
        for name in re.findall(r"([A-Za-z_]\w*)\s*(?:=[^,]*)?(?:,|$)", inside)
    )


@functools.cache
def ours() -> frozenset[str]:
    """Every word of our headers, macros too."""
    return frozenset(word for _, line in preprocessed(*OURS) for word in DECLARED.findall(line))


def left_out() -> set[str]:
    """The names of the list."""
    lines = (HERE / "left_out.txt").read_text("utf-8").splitlines()
    return {name for line in lines if not line.startswith("#") for name in line.split()}


def test_a_published_name_is_ours_or_is_left_out_for_a_reason() -> None:
    """A name that mingw's headers of NDIS have, ours have; the others are those of the list, no more and no fewer."""
    assert MINGW.is_dir(), f"{MINGW} is not there; `make system-programs` installs mingw-w64-common"
    assert len(theirs()) > 1000
    assert {
        "NdisMWanSendComplete",
        "NDIS_WAN_PACKET",
        "NdisInterfaceIsa",
        "NDIS_TAPI_OPEN",
    } <= theirs()
    assert theirs() - ours() == left_out()


def test_a_number_of_the_kernel_is_the_published_one(tmp_path: Path) -> None:
    """Each constant of our headers of numbers has the value that mingw's have."""
    names = {
        match[1]
        for file in (
            "wdm_numbers.h",
            "wdm_requests.h",
            "ntddndis_numbers.h",
            "ntddser.h",
            "ntiologc.h",
        )
        for line in (INCLUDE / file).read_text("utf-8").splitlines()
        if (match := re.match(r"#define ([A-Za-z]\w+) ", line))
        and not match[1].startswith("NDISWAN_")
    }
    assert len(names) > 550
    include = (
        "#include <ntddk.h>\n#include <ntddndis.h>\n#include <ntddser.h>\n#include <ntiologc.h>\n"
    )
    values = {}
    for kind, arguments in (("ours", OURS), ("theirs", THEIRS)):
        text = include + "".join(
            f"const unsigned long long v_{name} = (unsigned long long)({name});\n"
            for name in sorted(names)
        )
        source = tmp_path / f"{kind}.c"
        source.write_text(text, "utf-8")
        command = ["clang", "-w", "-S", "-emit-llvm", "-o", "-", *VERSION, *arguments, str(source)]
        made = subprocess.run(command, text=True, capture_output=True, check=True).stdout
        values[kind] = dict(re.findall(r"@v_(\w+) = .*constant i64 (-?\d+)", made))
    assert len(values["ours"]) == len(names)
    assert values["ours"] == values["theirs"]
