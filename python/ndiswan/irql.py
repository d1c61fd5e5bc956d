"""Interrupt request levels."""

from enum import IntEnum


class Irql(IntEnum):
    """An interrupt request level, with the values of wdm.h; NDIS needs PASSIVE < DISPATCH < DIRQL.

    A thread starts at ``PASSIVE``; DPCs, timers and whoever holds a spin lock run at ``DISPATCH``;
    a card's interrupt service routine runs at ``DIRQL`` (DDK:"IRQLs"). The device levels above the
    first, 4 to 30, are members without an attribute: ``Irql(5)``.

    Raises ``ValueError`` for what is not from 0 to 31.

    >>> nw.Irql.DISPATCH > nw.Irql.PASSIVE
    True
    >>> nw.Irql(5).name
    'DIRQL_5'
    """

    PASSIVE = 0
    APC = 1
    DISPATCH = 2
    DIRQL = 3
    HIGH = 31

    @classmethod
    def _missing_(cls, value: object) -> "Irql | None":
        if not isinstance(value, int) or not cls.DIRQL < value < cls.HIGH:
            return None
        member = int.__new__(cls, value)
        member._name_, member._value_ = f"DIRQL_{int(value)}", int(value)
        # setdefault: of two threads that meet the same level, both get the first one's object.
        return _device_levels.setdefault(int(value), member)


_device_levels: dict[int, Irql] = {}
