"""What a driver in C that crashed raises."""

from __future__ import annotations


class DriverCrash(Exception):  # noqa: N818 -- it is no error of the one who catches it
    """The driver in C faulted, ran out of stack or never returned; the text says where, in its source.

    What it owed has gone back with FAILURE, and it is not called any more.

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
