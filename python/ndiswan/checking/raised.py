"""What a callback raised, told to its author: from their own first line on, with what Python leaves unsaid."""

from __future__ import annotations

import inspect
import re
import traceback
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# Drivers like anybody's, which only happen to lie in the package.
_DRIVERS = _PACKAGE / "zoo"
_CALL = re.compile(r"(?:\w+\.)*(?P<name>\w+)\(\) (?:takes|missing|got an unexpected) ")
# How Python names a class of ours; its last name is the one that a reader meets elsewhere.
_OURS = re.compile(r"^ndiswan\.[\w.]*\.(?=\w+(?:: |$))", re.MULTILINE)


def detail_of(error: BaseException) -> str:
    """The exception in a line, or what it needs."""
    told = traceback.TracebackException.from_exception(error)
    told.__notes__ = None  # they come behind it
    return _OURS.sub("", [*told.format_exception_only()][-1].strip())


def text_of(error: BaseException, miniport: object = None) -> str:
    """The traceback without the calls of ours that lead to the author's code; without any line if all are ours.

    Where an entry point was called with other arguments than it takes, the ones that it has to take are added.
    """
    told = traceback.TracebackException.from_exception(error)
    while told.stack and is_ours(told.stack[0]):
        del told.stack[0]
    while told.stack and is_ours(told.stack[-1]) and told.stack[-1].name == "__get__":
        del told.stack[-1]
    lines = told.format() if told.stack else told.format_exception_only()
    return _OURS.sub("", "".join(lines).rstrip()) + _arguments(error, told, miniport)


def is_ours(frame: traceback.FrameSummary) -> bool:
    """Whether a call was made by this package, and not by a driver in it."""
    path = Path(frame.filename).absolute()
    return path.is_relative_to(_PACKAGE) and not path.is_relative_to(_DRIVERS)


def _arguments(
    error: BaseException, told: traceback.TracebackException, miniport: object = None
) -> str:
    """The line that says how an entry point is defined, if the call of one was the mistake."""
    if not isinstance(error, TypeError) or told.stack:
        return ""
    found = _CALL.match(str(error))
    if found is None:
        return ""
    for face in type(miniport).__mro__:
        method = vars(face).get(found["name"])
        if face.__module__.startswith("ndiswan.") and inspect.isfunction(method):
            names = ", ".join(inspect.signature(method).parameters)
            return f"\n  NDIS calls {found['name']} with other arguments; expected def {found['name']}({names})"
    return ""
