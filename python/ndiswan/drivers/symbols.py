"""What a driver's objects need: which functions, and who calls them; read before anything is linked."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from ndiswan._native import library_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LIBRARY = Path(__file__).parent / "library"
#: What the C library and the compiler's own give.
_RUNTIME = re.compile(
    r"_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__(asan|ubsan|tsan|sanitizer|gcov|mulodi|udiv|div|mod|ashl|lshr|float|fix)\w*"
    r"|bcmp|mem(cpy|move|set|cmp|chr)|str(n?(cpy|cat|cmp|len)|r?chr|str|spn|cspn|pbrk|tok)|to(upper|lower)"
    r"|is(alpha|digit|alnum|space|upper|lower|xdigit|print|punct|cntrl)|__ctype_b_loc|__ctype_to(upper|lower)_loc|abs|labs|qsort|bsearch|rand|srand"
    r"|strto(u?l|u?ll)|ato[il]|__isoc\d+_\w+|setjmp|longjmp|_setjmp"
)
_FUNCTION = re.compile(r"\b(?:FUNCTION|PROCEDURE)\(\s*(?:[^,()]+,\s*)?(\w+)\s*,\s*\(")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def _lines(*command: str) -> list[str]:
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=True
    ).stdout.splitlines()


def listed() -> set[str]:
    """The functions of the library's list, whether the engine has them or not."""
    return {
        name
        for file in LIBRARY.glob("*.h")
        for name in _FUNCTION.findall(_COMMENT.sub("", file.read_text(encoding="utf-8")))
    }


def _symbols(objects: Iterable[Path]) -> tuple[set[str], set[str]]:
    """What they need and what they have for others."""
    needed: set[str] = set()
    defined: set[str] = set()
    for line in _lines("nm", *map(str, objects)):
        kind, _, name = line[17:].partition(" ")
        if kind == "U":
            needed.add(name)
        elif kind and kind not in "bdrtNnwv":
            defined.add(name)
    return needed, defined


def _callers(objects: Iterable[Path], names: set[str]) -> dict[str, list[str]]:
    callers: dict[str, list[str]] = {name: [] for name in sorted(names)}
    inside = "?"
    for line in _lines("objdump", "-dr", "--no-show-raw-insn", *map(str, objects)):
        head = re.match(r"[0-9a-f]+ <([^>]+)>:", line)
        if head:
            inside = head[1]
            continue
        use = re.search(r"R_X86_64_\w+\s+([\w.$@]+?)(?:[-+]0x|$)", line)
        if use and use[1] in callers and inside not in callers[use[1]]:
            callers[use[1]].append(inside)
    return callers


def lacking(objects: list[Path], library: Path) -> dict[str, list[str]]:
    """Functions that nobody has, each with the functions of the driver that call it; `library` is linked with it."""
    needed, defined = _symbols(objects)
    ours = set(library_functions())
    _, plain = _symbols([library])
    # The library has a stub of each function that the engine should have.
    stubs = listed() - ours
    unknown = {
        name
        for name in needed - defined
        if name not in ours
        and name not in plain - stubs
        and not name.startswith("ndiswan_")
        and not _RUNTIME.fullmatch(name)
    }
    return (
        {
            name: callers or ["data of the driver"]
            for name, callers in _callers(objects, unknown).items()
        }
        if unknown
        else {}
    )


def writable(options: list[str]) -> list[str]:
    """What `objcopy` does to an object for its texts to be variables, as the Microsoft compiler of those days had them.

    Drivers write to them. AddressSanitizer has them where they are.

    >>> from ndiswan.drivers.symbols import writable
    >>> writable(["-O1"])[0]
    '--rename-section=.rodata=.data.texts,alloc,load,data,contents'
    """
    sanitized = any(option.startswith("-fsanitize=address") for option in options)
    if sanitized or shutil.which("objcopy") is None:
        return []
    # By the bytes of a character and their alignment; the first has what gcc does not take for a text.
    kinds = ["", *(f".str{size}.{align}" for size in (1, 2) for align in (1, 2, 4, 8, 16, 32))]
    to = ".data.texts,alloc,load,data,contents"
    return [f"--rename-section=.rodata{kind}={to}" for kind in kinds]
