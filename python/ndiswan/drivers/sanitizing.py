"""AddressSanitizer and UBSan for drivers in C: what they are compiled with, and the process that they run in.

UBSan's handlers are in the library that every driver is linked with. AddressSanitizer's runtime has to be in a process
from its first moment: such a process is started with it preloaded.
"""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
import sys
from pathlib import Path

from ndiswan._native import has_address_sanitizer

KINDS = ("address", "stack", "undefined")
#: What does not disturb an explorer, which copies stacks, their fences among them.
BOTH = ("address", "undefined")
# Old drivers read where they please, and the machine lets them; in their C a shift into the sign is defined.
_LEFT_OUT = ("alignment", "shift-base")
#: Faults are the engine's to look at, what is found is no end, and what the interpreter keeps is no leak.
OPTIONS = (
    "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:halt_on_error=0"
    ":allow_user_segv_handler=1:detect_stack_use_after_return=0:use_sigaltstack=0:color=never"
)


class SanitizerError(RuntimeError):
    """A driver needs the runtime of AddressSanitizer, which this process was started without.

    >>> from ndiswan.drivers import SanitizerError
    >>> issubclass(SanitizerError, RuntimeError)
    True
    """


def kinds_of(sanitize: bool | str) -> tuple[str, ...]:
    """Which sanitizers are meant: ``True`` is ``"address,undefined"``.

    Raises
    ------
    ValueError
        There is no such sanitizer.
    """
    if isinstance(sanitize, bool):
        return BOTH if sanitize else ()
    given = str(sanitize).split(",")  # what is none of these is told as it came
    kinds = tuple(kind for kind in KINDS if kind in given)
    if len(kinds) != len(given) or ("stack" in kinds and "address" not in kinds):
        raise ValueError(
            'sanitize: expected True, or "address", "address,stack" and "undefined" or some of them, with commas,'
            f" got {sanitize!r}"
        )
    return kinds


def compile_flags(cc: str, kinds: tuple[str, ...], *, alone: bool) -> list[str]:
    """What the driver's own files are compiled with; ``alone`` if there is one."""
    flags = []
    if "address" in kinds:
        # A loop that is made a call of memset is looked at by the runtime, which tells of each place once and of few.
        flags += ["-fsanitize=address", "-fsanitize-recover=address", "-fno-builtin"]
        given = {"stack": int("stack" in kinds), "instrumentation-with-call-threshold": 1 << 30}
        flags += parameters(given, clang=is_clang(cc))
        if alone:
            flags.append("-fno-common")  # of common variables it does not know where they end
    if "undefined" in kinds:
        flags += ["-fsanitize=undefined", *(f"-fno-sanitize={kind}" for kind in _LEFT_OUT)]
    return flags


def parameters(given: dict[str, int], *, clang: bool) -> list[str]:
    """How a compiler is told AddressSanitizer's parameters."""
    if clang:
        return [
            flag for name, value in given.items() for flag in ("-mllvm", f"-asan-{name}={value}")
        ]
    return [f"--param=asan-{name}={value}" for name, value in given.items()]


def link_flags(cc: str, kinds: tuple[str, ...]) -> list[str]:
    """What the driver is linked with."""
    if "address" not in kinds:
        return []
    return ["-fsanitize=address", *(["-shared-libasan"] if is_clang(cc) else [])]


@functools.cache
def is_clang(cc: str) -> bool:
    """Whether this compiler is clang, whose flags are others."""
    return "clang" in _said(cc, "--version")


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout.strip()


@functools.cache
def runtime(cc: str) -> Path:
    """The compiler's library of AddressSanitizer.

    Raises
    ------
    SanitizerError
        It is not there.
    """
    name = "libclang_rt.asan-x86_64.so" if is_clang(cc) else "libasan.so"
    found = Path(_said(cc, f"-print-file-name={name}"))
    if not found.is_file():
        package = "libclang-rt-dev" if is_clang(cc) else "libasan"
        raise SanitizerError(
            f"{cc} has no {name}; install it (a package named like {package}), or use sanitize='undefined'"
        )
    return found.resolve()


def environment() -> dict[str, str]:
    """What a process that is to run a driver with AddressSanitizer has in its environment, besides this one's.

    Raises
    ------
    SanitizerError
        The compiler has no such runtime.
    BuildError
        There is no compiler.
    """
    from ndiswan.drivers.building import compiler

    own = str(runtime(compiler()))
    others = [path for path in os.environ.get("LD_PRELOAD", "").split(":") if path and path != own]
    given = os.environ.get("ASAN_OPTIONS")
    return {
        "LD_PRELOAD": ":".join([own, *others]),
        "ASAN_OPTIONS": f"{OPTIONS}:{given}" if given else OPTIONS,
    }


def without_runtime() -> dict[str, str] | None:
    """The environment of a compiler, which shall not be looked at itself; None for this process's own."""
    if "libasan" not in os.environ.get("LD_PRELOAD", "") and not has_address_sanitizer():
        return None
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def restart() -> None:
    """Run this command again, in a process with the runtime, unless this is one."""
    if not has_address_sanitizer():
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **environment()})


def needs_runtime(path: Path) -> bool:
    """Whether a built driver has AddressSanitizer in it."""
    return _looked_into(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _looked_into(path: Path, _changed: int) -> bool:
    return b"__asan_init" in path.read_bytes()


def see_runtime(path: Path) -> None:
    """Say so if this driver cannot be loaded here, which would end the process.

    Raises
    ------
    SanitizerError
        It needs the runtime, and this process was started without.
    """
    if has_address_sanitizer() or not needs_runtime(path):
        return
    words = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment().items())
    raise SanitizerError(
        f"{path.name} is built with AddressSanitizer, whose runtime has to be in a process from its start; this one was"
        " started without. `ndiswan check --sanitize` and `ndiswan fuzz --sanitize` start such processes, and so does "
        "ndiswan.drivers.isolated(function, sanitize=True); sanitize='undefined' needs none. To start a script:\n"
        f"  {words} python ..."
    )
