"""Drivers that break, as drivers do, each with its mended twin: what an explorer has to find, and what it may not.

`ENTRIES` has them by name. `ndiswan zoo` lists them, and `ndiswan zoo NAME` shows what is wrong with one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan.zoo.catalogue import ENTRIES, Entry

__all__ = ["ENTRIES", "Entry"]


def __getattr__(name: str) -> object:
    from ndiswan.zoo import bugs

    if name in __all__:
        return getattr(bugs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
