"""What a driver in C that crashed raises."""

from __future__ import annotations

import re

_PLACE = re.compile(r" in (\S+) \(([^()]+:\d+)\)")


class DriverCrash(Exception):  # noqa: N818 -- it is no error of the one who catches it
    """The driver in C faulted, ran out of stack, never returned, or took its process along.

    The text says what it did, where in its source, and which packets it had, with their last events. What it owed has
    gone back with FAILURE, and it is not called any more.

    >>> from pathlib import Path
    >>> from ndiswan.drivers import DriverCrash, load
    >>> source = "int DriverEntry(void *driver, int *registry) { return *(int *)8; }"
    >>> written = Path("falls.c").write_text(source)
    >>> try:
    ...     with nw.Ndis() as ndis:
    ...         link = ndis.bind(nw.Protocol(), load("falls.c"))
    ... except DriverCrash as crash:
    ...     print(str(crash).splitlines()[0])
    the driver crashed: it read or ran address 0x8, which is a null pointer or near one, in DriverEntry (falls.c:1)
    """

    @property
    def place(self) -> str | None:
        """The line of the driver's source, as ``file.c:31 in Function``, if it is known."""
        found = _PLACE.search(str(self))
        return f"{found[2]} in {found[1]}" if found else None


class SanitizerReport(DriverCrash):
    """A sanitizer found that the driver does what C leaves undefined, or touches memory that is no object's.

    After what UBSan finds the driver goes on; after what AddressSanitizer finds it is not called any more.

    >>> from ndiswan.drivers import DriverCrash, SanitizerReport
    >>> issubclass(SanitizerReport, DriverCrash)
    True
    """


def crash_of(text: str) -> DriverCrash:
    """What is raised for a text of the engine's."""
    found = text.startswith(("AddressSanitizer:", "UndefinedBehaviorSanitizer:"))
    return SanitizerReport(text) if found else DriverCrash(text)
