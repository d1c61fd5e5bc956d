"""What is public: every name that a package exports or that the reference has, with the object itself.

The reference is read as Sphinx does: `autoclass`, `autofunction`, and the members of `automodule`.
"""

import importlib
import inspect
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repository import ROOT

DOCS = ROOT / "docs"
# Packages whose `__all__` is for users; those of the command line and of the zoo's bugs are behind them.
PACKAGES = (
    "ndiswan",
    *(f"ndiswan.{name}" for name in ["campaign", "checking", "coverage", "drivers", "exploring"]),
    *(f"ndiswan.{name}" for name in ["miniports", "models", "models.scenario", "strategies"]),
    *(f"ndiswan.{name}" for name in ["testing", "viewer", "drivers.tapi"]),
)
DIRECTIVE = re.compile(r"auto(class|exception|function|module):: (\S+)\n((?: +:.*\n)*)")


def named(name: str) -> Any:
    """The object of a dotted name."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise LookupError(name)


def members_of(module: types.ModuleType, options: str) -> list[str]:
    """The members of a module that the reference shows."""
    given = re.search(r":members:(.*)", options)
    if given is None:
        return []
    if given[1].strip():
        return re.findall(r"\w+", given[1])
    own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]
    return [n for n in getattr(module, "__all__", own) if n[0] != "_"]


def in_the_reference(folder: Path = DOCS) -> set[str]:
    """The dotted names of all that the pages of a folder have from docstrings."""
    found = set()
    for page in folder.rglob("*.md"):
        for kind, name, options in DIRECTIVE.findall(page.read_text("utf-8")):
            if kind == "module":
                found |= {f"{name}.{member}" for member in members_of(named(name), options)}
            else:
                found.add(name)
    return found


def exported() -> Iterator[str]:
    """The dotted names that packages export."""
    for package in PACKAGES:
        for name in importlib.import_module(package).__all__:
            yield f"{package}.{name}"


def everything() -> dict[str, Any]:
    """Each public class and function once, by the shortest of its names."""
    found: dict[int, tuple[str, Any]] = {}
    for name in sorted({*exported(), *in_the_reference()}, key=lambda n: (n.count("."), n)):
        thing = named(name)
        if isinstance(thing, type) or inspect.isroutine(thing):
            found.setdefault(id(thing), (name, thing))
    return dict(found.values())
