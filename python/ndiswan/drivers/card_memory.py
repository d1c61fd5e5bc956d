"""Memory of a card that its model and its driver both have."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

# Not named by `mmap`; the value of Linux on x86-64.
_MAP_32BIT = 0x40


class CardMemory(mmap.mmap):
    """Zeroed bytes below 2 GiB, for a device model to share with the driver: a card with a memory of its own.

    A device says which it has in its attribute ``shared_memory``, by the card's own address. When the driver maps a
    range of it, it is given these very bytes: it reads and writes them by pointers at full speed, and the device
    is not called. They are an ``mmap.mmap``: indices, slices, ``struct``, ``memoryview`` and NumPy work.

    Parameters
    ----------
    length:
        Bytes.

    Raises
    ------
    ValueError
        ``length`` is not positive.
    OSError
        There is not so much memory below 2 GiB.

    Examples
    --------
    >>> from ndiswan.drivers import CardMemory
    >>> class Device:
    ...     def __init__(self):
    ...         self.ram = CardMemory(0x4000)
    ...         self.shared_memory = {0xD0000: self.ram}
    ...
    ...     def __call__(self, space, address, size, value):
    ...         return 0 if value is None else None
    >>> device = Device()
    >>> device.ram[0x10:0x14] = b"BOOT"
    >>> device.ram[0x10:0x14], len(device.ram)
    (b'BOOT', 16384)
    """

    def __new__(cls, length: int) -> Self:
        """Map them."""
        if length < 1:
            raise ValueError(f"length: expected a positive number of bytes, got {length}")
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_32BIT
        return super().__new__(cls, -1, length, flags=flags)
