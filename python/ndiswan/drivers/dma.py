"""The memory of a driver in C, as its card sees it: by physical addresses, which are the driver's own here."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)


class BusError(Exception):
    """The card read or wrote memory that the driver does not have: freed, or in a packet that was given back.

    Examples
    --------
    >>> from ndiswan.drivers import BusError, write_memory
    >>> try:
    ...     write_memory(0x10, b"frame")
    ... except BusError as error:
    ...     print(str(error).partition(";")[0])
    DMA: a write of 5 bytes at 0x10, where the driver has no memory
    """


def _moved(function: str, address: int, buffer: ctypes.Array[ctypes.c_char]) -> bool:
    """Whether all of it was; the kernel refuses what is not there, where a pointer would be a crash."""
    here = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), len(buffer))  # a struct iovec
    there = (ctypes.c_size_t * 2)(address, len(buffer))
    call = getattr(_libc, function)
    return bool(call(os.getpid(), here, 1, there, 1, 0) == len(buffer))


def _no_memory(what: str, length: int, address: int) -> BusError:
    return BusError(
        f"DMA: a {what} of {length} bytes at {address:#x}, where the driver has no memory; "
        "expected what it allocated and has not freed, or the data of a packet that it owns"
    )


def read_memory(address: int, length: int) -> bytes:
    """What a card reads of the driver's memory, by its physical address.

    Raises
    ------
    BusError
        Nothing is there, or no more.

    Examples
    --------
    >>> import ctypes
    >>> from ndiswan.drivers import read_memory
    >>> memory = ctypes.create_string_buffer(b"frame")
    >>> read_memory(ctypes.addressof(memory), 5)
    b'frame'
    """
    buffer = ctypes.create_string_buffer(length)
    if length and not _moved("process_vm_readv", address, buffer):
        raise _no_memory("read", length, address)
    return buffer.raw


def write_memory(address: int, data: bytes | bytearray | memoryview) -> None:
    """What a card writes to the driver's memory, by its physical address.

    Raises
    ------
    BusError
        Nothing is there, or no more.

    Examples
    --------
    >>> import ctypes
    >>> from ndiswan.drivers import write_memory
    >>> memory = ctypes.create_string_buffer(b"frame")
    >>> write_memory(ctypes.addressof(memory), b"F")
    >>> memory.value
    b'Frame'
    """
    buffer = (ctypes.c_char * len(data)).from_buffer_copy(data)
    if len(data) and not _moved("process_vm_writev", address, buffer):
        raise _no_memory("write", len(data), address)


class DescriptorRing:
    """Descriptors in the driver's memory, which a card goes round.

    Parameters
    ----------
    layout:
        A descriptor, as of `struct`.
    count:
        How many there are.

    Attributes
    ----------
    address:
        Where the first is; 0 as long as the driver has not said.
    index:
        The one that is the card's next.

    Raises
    ------
    ValueError
        ``count`` is not positive.

    Examples
    --------
    >>> import ctypes
    >>> from ndiswan.drivers import DescriptorRing
    >>> memory = (ctypes.c_uint32 * 8)(0x1000, 60, 0, 1, 0x2000, 61, 0, 1)
    >>> ring = DescriptorRing("<IIII", 2)
    >>> ring.place(ctypes.addressof(memory))
    >>> ring.read()
    (4096, 60, 0, 1)
    >>> ring.write(4096, 60, 0, 0)
    >>> ring.advance()
    >>> ring.index, ring.read(), memory[3]
    (1, (8192, 61, 0, 1), 0)
    """

    def __init__(self, layout: str, count: int) -> None:
        if count < 1:
            raise ValueError(f"count: expected a positive number of descriptors, got {count}")
        self._layout, self.count = struct.Struct(layout), count
        self.address = self.index = 0

    def place(self, address: int) -> None:
        """The driver has said where they are: the first is next."""
        self.address, self.index = address, 0

    def _here(self) -> int:
        return self.address + self.index * self._layout.size

    def read(self) -> tuple[Any, ...] | None:
        """The fields of the next one; ``None`` as long as there are none."""
        return (
            self._layout.unpack(read_memory(self._here(), self._layout.size))
            if self.address
            else None
        )

    def write(self, *fields: object) -> None:
        """The next one, anew."""
        write_memory(self._here(), self._layout.pack(*fields))

    def advance(self) -> None:
        """To the one behind it, or the first."""
        self.index = (self.index + 1) % self.count
