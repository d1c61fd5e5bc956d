"""Interrupt request levels."""

from enum import IntEnum


class Irql(IntEnum):
    """An interrupt request level, with the values of wdm.h; NDIS needs PASSIVE < DISPATCH < DIRQL.

    A thread starts at ``PASSIVE``; DPCs, timers and whoever holds a spin lock run at ``DISPATCH``;
    a card's interrupt service routine runs at ``DIRQL`` (DDK:"IRQLs").
    """

    PASSIVE = 0
    APC = 1
    DISPATCH = 2
    DIRQL = 3
    HIGH = 31
