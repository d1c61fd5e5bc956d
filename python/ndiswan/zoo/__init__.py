"""Drivers that break, as drivers do, each with its mended twin: what an explorer has to find, and what it may not.

`ENTRIES` has them by name. `ndiswan zoo` lists them, and `ndiswan zoo NAME` shows what is wrong with one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan.zoo.catalogue import ENTRIES, Entry

__all__ = ["ENTRIES", "Entry"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("ndiswan.zoo.bugs"), name)
