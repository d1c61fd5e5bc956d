"""Drivers in C as targets: which they are, and how one is made."""

from __future__ import annotations

import ast
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ndiswan.drivers import CMiniport


def is_in_c(target: str) -> bool:
    """Whether the target is a driver in C: a C file, a shared library, a folder with C files or the DDK's lists."""
    path = Path(target)
    if path.is_dir():
        names = [file.name.lower() for file in path.iterdir()]
        return bool({"sources", "dirs"} & set(names)) or any(name.endswith(".c") for name in names)
    return path.suffix.lower() in {".c", ".so"}


def name_of(target: str) -> str:
    """What the driver is called in reports."""
    return Path(os.path.realpath(target)).stem  # of links in a circle too


def factory(target: str) -> Callable[..., CMiniport]:
    """What makes the driver, compiled by the first call."""
    from ndiswan.drivers import load

    return partial(load, target)


def arguments(include: Sequence[str], define: Sequence[str], config: Sequence[str]) -> list[str]:
    """The options ``-I``, ``-D`` and ``--config`` as arguments of `ndiswan.drivers.load`.

    Raises ValueError for a configuration without ``=``.
    """
    macros: dict[str, Any] = {}
    for text in define:
        name, equals, value = text.partition("=")
        macros[name] = value if equals else True
    registry: dict[str, Any] = {}
    for text in config:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--config: expected KEYWORD=VALUE, got {text!r}")
        try:
            registry[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            registry[name] = value
    found = {"include": list(include), "define": macros, "config": registry}
    return [f"{name}={value!r}" for name, value in found.items() if value]


def as_options(arguments: Sequence[str]) -> list[str]:
    """The words of a command line for arguments of a driver: those of `arguments` as the options that they were.

    >>> from ndiswan.checking.in_c import as_options
    >>> as_options(["5", "define={'DBG': '1', 'NDIS50_MINIPORT': True}", "sanitize=address,undefined"])
    ['--arg', '5', '-D', 'DBG=1', '-D', 'NDIS50_MINIPORT', '--sanitize']
    """
    words = []
    for argument in arguments:
        name, _, value = argument.partition("=")
        given: Any = None
        if name in {"include", "define", "config"}:
            with suppress(ValueError, SyntaxError):
                given = ast.literal_eval(value)
        if name == "sanitize":
            words.append("--sanitize")
        elif name == "include" and isinstance(given, list):
            words += [word for folder in given for word in ("-I", str(folder))]
        elif name == "define" and isinstance(given, dict):
            macros = (macro if of is True else f"{macro}={of}" for macro, of in given.items())
            words += [word for macro in macros for word in ("-D", macro)]
        elif name == "config" and isinstance(given, dict):
            values = (
                f"{keyword}={of if _is_plain(of) else repr(of)}" for keyword, of in given.items()
            )
            words += [word for value in values for word in ("--config", value)]
        else:
            words += ["--arg", argument]
    return words


def _is_plain(value: object) -> bool:
    """Whether it is a string that `arguments` takes for one."""
    if not isinstance(value, str):
        return False
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return True
    return False
