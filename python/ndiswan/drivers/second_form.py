"""The second form of a driver: each access looks first whether its page may be used, so no kernel has to close pages.

It is for executions in Rust, of which there are many. It stands behind the first form in the same file, whose own
lines and calls are untouched by it; a driver that calls what would not look has none.
"""

from __future__ import annotations

import re
import subprocess

from ndiswan.drivers.sanitizing import parameters
from ndiswan.drivers.sources import BuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What the library knows it by.
MACRO = "-DNDISWAN_SECOND_FORM"
#: A call for each access, and variables are left as they are.
_CALLS = {"instrumentation-with-call-threshold": 0, "stack": 0, "globals": 0}
#: Functions of the C library that look before they touch (`library/second_form.c`).
_LOOKING = (
    *("memcpy", "memmove", "memset", "memcmp", "bcmp", "memchr", "strlen", "strcmp", "strncmp"),
    *("strchr", "strrchr", "strstr", "strspn", "strcspn", "strpbrk"),
)
LINKING = tuple(f"-Wl,--wrap={name}" for name in _LOOKING)
#: What else it may need: nothing that touches what a driver has an address of.
_HARMLESS = re.compile(
    r"__tls_get_addr|__ctype_\w+|is[a-z]+|to(upper|lower)|l?abs|s?rand|_?setjmp|longjmp"
)
#: How the file ends, behind how many bytes its second form has.
MARK = b"ndiswan-2nd-form"


def compiling(clang: bool) -> tuple[str, ...]:
    """What its files, and the library's, are compiled with in addition."""
    # clang would leave out what comes after the 10,000th access of a block.
    given = _CALLS | {"max-ins-per-bb": 1_000_000_000} if clang else _CALLS
    return ("-fsanitize=kernel-address", MACRO, *parameters(given, clang=clang))


def _looks_everywhere(image: Path) -> bool:
    """Whether nothing that this file calls touches memory without having looked."""
    done = subprocess.run(
        ["nm", "-D", "--undefined-only", str(image)], capture_output=True, text=True, check=False
    )
    names = [
        line.split()[1].partition("@")[0] for line in done.stdout.splitlines() if " U " in line
    ]
    known = all(name in _LOOKING or _HARMLESS.fullmatch(name) for name in names)
    return done.returncode == 0 and known


def add_form(image: Path, compiled: Callable[[tuple[str, ...]], Path]) -> None:
    """Put the second form behind the first in its file; ``compiled`` makes it, with flags for the linker."""
    try:
        form = compiled(LINKING)
    except BuildError:
        return  # a compiler that does not know how
    if _looks_everywhere(form):
        more = form.read_bytes()
        with image.open("ab") as file:
            file.write(more + len(more).to_bytes(8, "little") + MARK)
