"""Which object is shown by what."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# By the name of a class: the module and function that shows it. Names, since most are never shown.
HOW = {
    "CheckResult": ("reports", "check"),
    "Exploration": ("failures", "exploration"),
    "Failure": ("failures", "failure"),
    "ContractViolation": ("failures", "violation"),
    "Story": ("failures", "story"),
    "Trace": ("failures", "trace"),
    "Verdict": ("reports", "campaign"),
    "Report": ("reports", "coverage"),
    "Ndis": ("worlds", "ndis"),
    "Link": ("worlds", "link"),
    "Meter": ("worlds", "meter"),
    "Packet": ("worlds", "packet"),
    "Batch": ("worlds", "batch"),
    "Stepper": ("stepping", "stepper"),
}


def html(shown: object) -> str:
    """An object of the package as HTML.

    Raises TypeError for one that has none.

    >>> from ndiswan.notebook import html
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     html(link)[:4]
    '<div'
    """
    for kind in type(shown).__mro__:
        if kind.__name__ in HOW:
            module, name = HOW[kind.__name__]
            how: Any = getattr(import_module(f"ndiswan.notebook.{module}"), name)
            return str(how(shown))
    known = ", ".join(sorted(HOW))
    raise TypeError(f"expected one of {known}, got {type(shown).__qualname__}")
