"""The operating system's side of a serial miniport: a descriptor that never blocks, and waits that can be cut short.

Octets go in and out as they are: a terminal is made raw, and everything that was changed on it is put back at the end.
The port works on a duplicate of a descriptor that it is given, so the giver may close the original at any time.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import termios
import tty
from contextlib import suppress
from typing import Protocol, TypeAlias

__all__ = ["Port", "PortSource", "Wake"]

CHUNK = 65536


class HasFileno(Protocol):
    """A socket, a file, or whatever else has a descriptor."""

    def fileno(self) -> int: ...


PortSource: TypeAlias = "int | str | os.PathLike[str] | HasFileno"


class Wake:
    """Ends another thread's wait, now or the next time it begins one."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """End the wait. A full pipe means that the other side is woken already."""
        with suppress(BlockingIOError):
            os.write(self._writer, b"!")

    def clear(self) -> None:
        """Forget the calls so far; to be called before looking for what they were about."""
        with suppress(BlockingIOError):
            os.read(self.reader, CHUNK)

    def close(self) -> None:
        """Give the descriptors back; nobody may wait any more."""
        os.close(self.reader)
        os.close(self._writer)


class Port:
    """A descriptor for both directions: a device that it opens by path, or a duplicate of a given one.

    Raises OSError (with what is wrong about the path or descriptor), TypeError for what is neither, ValueError for a
    baud rate that the system does not know.
    """

    def __init__(self, source: PortSource, baudrate: int | None = None) -> None:
        speed = None if baudrate is None else _speed(baudrate)
        self._fd = _open(source)
        self._attributes: list[int | list[bytes | int]] | None = None
        self._blocking = os.get_blocking(self._fd)
        try:
            if os.isatty(self._fd):
                self._attributes = termios.tcgetattr(self._fd)
                self._make_raw(speed)
            elif speed is not None:
                raise ValueError(
                    f"port: expected a terminal for baudrate={baudrate}, {source!r} is none; leave baudrate out"
                )
            os.set_blocking(self._fd, False)
        except (
            BaseException
        ):  # Ctrl-C too: the terminal gets its settings back, and what it was goes on
            self.close()
            raise

    def _make_raw(self, speed: int | None) -> None:
        # TCSANOW: any other way waits for output that a peer may never take, or throws away what has come.
        tty.setraw(self._fd, termios.TCSANOW)
        attributes = termios.tcgetattr(self._fd)
        attributes[2] |= termios.CLOCAL | termios.CREAD
        if speed is not None:
            attributes[4] = attributes[5] = speed
        termios.tcsetattr(self._fd, termios.TCSANOW, attributes)

    def read(self) -> bytes | None:
        """What has come, None if nothing has; OSError or b"" once the peer is gone."""
        with suppress(BlockingIOError):
            return os.read(self._fd, CHUNK)
        return None

    def write(self, octets: bytes | memoryview) -> int:
        """How many of the octets the kernel took, 0 if it has no room; OSError once the peer is gone."""
        with suppress(BlockingIOError):
            return os.write(self._fd, octets)
        return 0

    def wait(self, wake: Wake, *, readable: bool = False, writable: bool = False) -> None:
        """Wait for the port as asked, or for `wake`; a peer that is gone ends the wait as well."""
        poll = select.poll()
        poll.register(wake.reader, select.POLLIN)
        if readable or writable:
            poll.register(self._fd, readable * select.POLLIN | writable * select.POLLOUT)
        poll.poll()

    def close(self) -> None:
        """Put the terminal and the blocking mode back, and close what this port opened."""
        # A terminal whose peer is gone cannot be put back, and needs not.
        with suppress(OSError, termios.error):
            if self._attributes is not None:
                termios.tcsetattr(self._fd, termios.TCSANOW, self._attributes)
        with suppress(OSError):
            os.set_blocking(self._fd, self._blocking)
        os.close(self._fd)


def _speed(baudrate: int) -> int:
    constant = getattr(termios, f"B{baudrate}", None)
    if constant is None or baudrate == 0:  # B0 hangs up
        rates = sorted(int(n[1:]) for n in dir(termios) if n[0] == "B" and n[1:].isdigit())[1:]
        raise ValueError(f"baudrate: expected one of {rates}, got {baudrate}")
    return int(constant)


def _open(source: PortSource) -> int:
    if isinstance(source, (str, os.PathLike)):
        return os.open(source, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    if isinstance(source, bool) or not isinstance(source, int):
        fileno = getattr(source, "fileno", None)
        if fileno is None:
            raise TypeError(
                f"port: expected a path, a file descriptor or an object with fileno(), got {source!r}"
            )
        descriptor = int(fileno())
    else:
        descriptor = source
    try:
        mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    except (OSError, ValueError):
        raise OSError(errno.EBADF, f"port: {descriptor} is not an open file descriptor") from None
    if mode != os.O_RDWR:
        only = "reading" if mode == os.O_RDONLY else "writing"
        raise OSError(
            errno.EBADF,
            f"port: descriptor {descriptor} is open for {only} only; PPP needs both ways",
        )
    return os.dup(descriptor)
