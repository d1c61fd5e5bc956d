"""What a driver in C that crashed raises."""

from __future__ import annotations


class DriverCrash(Exception):  # noqa: N818 -- it is no error of the one who catches it
    """The driver in C faulted, ran out of stack or never returned; the text says where, in its source.

    What it owed has gone back with FAILURE, and it is not called any more.
    """
