"""The functions that drivers in C call: the C prototypes and the engine's own, argument by argument."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "python/ndiswan/drivers/library"
EXPORTS = ROOT / "rust/driver/src/exports"

ONE_BYTE = {"BOOLEAN", "UCHAR", "CCHAR", "KIRQL", "KPROCESSOR_MODE", "NDIS_DMA_SIZE"}
TWO_BYTES = {"USHORT"}
FOUR_BYTES = {
    "ACCESS_MASK", "EVENT_TYPE", "KPRIORITY", "KWAIT_REASON", "LONG", "MEMORY_CACHING_TYPE", "NDIS_ERROR_CODE",
    "NDIS_INTERFACE_TYPE", "NDIS_INTERRUPT_MODE", "NDIS_PARAMETER_TYPE", "NDIS_STATUS", "NTSTATUS", "POOL_TYPE",
    "TIMER_TYPE", "UINT", "ULONG", "WAIT_TYPE", "WORK_QUEUE_TYPE", "unsigned",
}  # fmt: skip
EIGHT_BYTES = {
    "HANDLE", "LARGE_INTEGER", "NDIS_HANDLE", "NDIS_PHYSICAL_ADDRESS", "PHYSICAL_ADDRESS", "SIZE_T", "ULONGLONG",
    "ULONG_PTR",
}  # fmt: skip
RUST = {"u8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "usize": 8}


def width(c_type: str) -> int:
    """Bytes of an argument of this type; what is a pointer by its name starts with P."""
    plain = c_type.replace("const", "").replace("volatile", "").strip()
    if "*" in plain or "[" in plain:
        return 8
    for size, names in ((1, ONE_BYTE), (2, TWO_BYTES), (4, FOUR_BYTES), (8, EIGHT_BYTES)):
        if plain in names:
            return size
    assert re.fullmatch(r"P[A-Z][A-Z_0-9]*|ADAPTER_SHUTDOWN_HANDLER", plain), (
        f"{c_type!r}: its width is not known here"
    )
    return 8


def c_argument(parameter: str) -> int:
    """Bytes of a parameter with its name."""
    found = re.fullmatch(r"(.*?)\b\w+(\[\])?", parameter.strip())
    assert found, parameter
    return width(found[1] + (found[2] or ""))


def in_c() -> dict[str, tuple[int, ...]]:
    """Of each function of the list: bytes of what it returns (0 for nothing), then of each argument."""
    functions = {}
    for file in sorted(LIBRARY.glob("functions_*.h")):
        for line in file.read_text(encoding="utf-8").splitlines():
            found = re.match(r"(?:FUNCTION\(([^,]+), |PROCEDURE\()(\w+), \(([^()]*)\), \(", line)
            if found is None:
                assert not line.startswith(("FUNCTION", "PROCEDURE")), line
                continue
            parameters = [] if found[3].strip() == "void" else found[3].split(",")
            functions[found[2]] = (width(found[1]) if found[1] else 0, *map(c_argument, parameters))
    return functions


def rust_functions(text: str) -> dict[str, tuple[int, ...]]:
    """The same of each function in an `exports!` of this source, -1 for a type that a macro fills in."""
    functions = {}
    pattern = r"^ {4,12}fn (\$?\w+)\(\s*here\b,?([^()]*)\)(?: unless \{[^}]*\})?(?: -> (\w+))? \{"
    for name, arguments, answer in re.findall(pattern, text, re.MULTILINE):
        types = re.findall(r"\w+: ([$\w]+)", arguments)
        functions[name] = tuple(RUST.get(kind, -1) for kind in ([answer] if answer else []) + types)
        if not answer:
            functions[name] = (0, *functions[name])
    return functions


def in_rust() -> dict[str, tuple[int, ...]]:
    """The same of each function in an `exports!`; `ports!` makes four of one width."""
    functions: dict[str, tuple[int, ...]] = {}
    for file in sorted(EXPORTS.glob("*.rs")):
        text = file.read_text(encoding="utf-8")
        functions |= {
            name: kinds for name, kinds in rust_functions(text).items() if not name.startswith("$")
        }
        pattern = rust_functions(text)
        for names, kind in re.findall(r"ports!\(([^()]*?),\s*(u\d+),?\s*\)", text):
            made = zip(
                ("$read", "$write", "$read_many", "$write_many"),
                re.findall(r"\w+", names),
                strict=True,
            )
            for model, name in made:
                functions[name] = tuple(
                    RUST[kind] if size == -1 else size for size in pattern[model]
                )
    return functions


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """The functions in C, and in Rust."""
    return in_c(), in_rust()


def test_the_list_and_the_engine_have_the_same_functions(both) -> None:
    """What a driver can be linked with is there, and nothing is there that no driver can call."""
    listed, made = both
    assert len(listed) > 200
    assert sorted(listed.keys() ^ made.keys()) == []


def test_arguments_are_as_many_and_as_wide_as_in_the_prototype(both) -> None:
    """Bytes of the result and of each argument in order: `(C, Rust)` where they differ."""
    listed, made = both
    wrong = {
        name: (kinds, made[name])
        for name, kinds in listed.items()
        if name in made and made[name] != kinds
    }
    assert wrong == {}


def test_the_engine_knows_by_name_what_its_source_has(both) -> None:
    """The table that a driver's pointers are filled from is the functions of the source."""
    from ndiswan._native import library_functions

    assert sorted(library_functions()) == sorted(both[1])
