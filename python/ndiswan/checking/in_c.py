"""Drivers in C as targets: which they are, and how one is made."""

from __future__ import annotations

import ast
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ndiswan.drivers import CMiniport


def is_in_c(target: str) -> bool:
    """Whether the target is a driver in C: a C file, a shared library, or a folder with C files or ``sources``."""
    path = Path(target)
    if path.is_dir():
        names = [file.name.lower() for file in path.iterdir()]
        return "sources" in names or any(name.endswith(".c") for name in names)
    return path.suffix.lower() in {".c", ".so"}


def name_of(target: str) -> str:
    """What the driver is called in reports."""
    return Path(target).resolve().stem


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
